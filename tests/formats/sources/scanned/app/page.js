function show(text) {
  eval(text)
  var unused = 1
  // eslint-disable-next-line no-eval -- trusted here
  eval('1')
  document.body.innerHTML = text
}
