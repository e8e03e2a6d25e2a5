module.exports = (config) => config.set({
  frameworks: ['jasmine'],
  browsers: ['jsdom'],
  basePath: '..',
  files: ['karma/*.spec.js'],
  reporters: ['junit'],
  junitReporter: { outputDir: 'karma-out', outputFile: 'junit.xml', useBrowserName: false },
});
