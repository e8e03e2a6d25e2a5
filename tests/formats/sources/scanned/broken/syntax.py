def broken(:
    return eval(text)
