const express = require('express');
const { exec } = require('child_process');
const app = express();
app.get('/run', (request, response) => {
  exec('ls ' + request.query.name, (error, out) => response.send(out));
});
app.get('/go', (request, response) => response.redirect(request.query.to));
app.listen(8080);
