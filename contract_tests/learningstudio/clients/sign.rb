# Signs a request to LearningStudio as Pearson's Ruby library does: no quotes, parameters in alphabetical order.
# Arguments: method, path with its query, body, consumer key, application id, secret, timestamp, nonce.
require 'cgi'
require 'openssl'

def block(key, bytes)
  cipher = OpenSSL::Cipher.new("AES-#{key.bytesize * 8}-ECB").encrypt
  cipher.key = key
  cipher.padding = 0
  (cipher.update(bytes) + cipher.final).bytes
end

def doubled(bytes)
  number = bytes.inject(0) { |sum, byte| (sum << 8) | byte } << 1
  number ^= 0x87 if number[128] == 1
  16.times.map { |at| (number >> (8 * (15 - at))) & 0xff }
end

def cmac(key, message)
  subkey = doubled(block(key, "\0" * 16))
  blocks = message.bytes.each_slice(16).to_a
  last = blocks.pop || []
  if last.size < 16
    subkey = doubled(subkey)
    last = last + [0x80] + [0] * (15 - last.size)
  end
  blocks << last.zip(subkey).map { |a, b| a ^ b }
  blocks.inject([0] * 16) { |sum, part| block(key, sum.zip(part).map { |a, b| a ^ b }.pack('C*')) }.pack('C*')
end

method, target, body, key, application, secret, timestamp, nonce = ARGV
path, query = target.split('?', 2)
oauth = {
  'application_id' => application,
  'oauth_consumer_key' => key,
  'oauth_nonce' => nonce,
  'oauth_signature_method' => 'CMAC-AES',
  'oauth_timestamp' => timestamp
}
signed = oauth.dup
(query || '').split('&').each do |pair|
  name, value = pair.split('=', 2)
  signed[name] = CGI.unescape(value || '')
end
signed['body'] = CGI.escape(CGI.escape([body].pack('m0'))) if %w[POST PUT].include?(method)
joined = signed.sort_by { |name, _| name.downcase }.map { |name, value| "#{name}=#{value}" }.join('&')
base = "#{method}&#{CGI.escape(path)}&#{CGI.escape(joined)}"
oauth['oauth_signature'] = [cmac(secret, base)].pack('m0')
pairs = oauth.sort.map { |name, value| "#{name}=#{CGI.escape(value)}" }
puts "OAuth realm=https://api.learningstudio.com#{path},#{pairs.join(',')}"
