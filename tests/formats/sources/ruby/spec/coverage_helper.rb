require 'simplecov'

SimpleCov.start do
  enable_coverage :branch
  coverage_dir ENV.fetch('COVERAGE_DIR')
  command_name 'rspec'
end
