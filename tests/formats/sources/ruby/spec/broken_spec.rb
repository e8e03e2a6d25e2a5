require_relative '../lib/nowhere'
