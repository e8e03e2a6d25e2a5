# renamed
