<?php
// Signs a request to LearningStudio as Pearson's PHP library does: the realm is the route, query values are encoded once more.
// Arguments: method, path with its query, body, consumer key, application id, secret, timestamp, nonce.

function block(string $key, string $bytes): string
{
    $name = 'aes-' . strlen($key) * 8 . '-ecb';
    return openssl_encrypt($bytes, $name, $key, OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING);
}

function doubled(string $bytes): string
{
    $shifted = '';
    $carry = 0;
    for ($at = 15; $at >= 0; $at--) {
        $byte = ord($bytes[$at]) << 1 | $carry;
        $shifted = chr($byte & 0xff) . $shifted;
        $carry = $byte >> 8;
    }
    return $carry ? substr($shifted, 0, 15) . chr(ord($shifted[15]) ^ 0x87) : $shifted;
}

function cmac(string $key, string $message): string
{
    $subkey = doubled(block($key, str_repeat("\0", 16)));
    $blocks = $message === '' ? [''] : str_split($message, 16);
    $last = array_pop($blocks);
    if (strlen($last) < 16) {
        $subkey = doubled($subkey);
        $last = str_pad($last . "\x80", 16, "\0");
    }
    $blocks[] = $last ^ $subkey;
    return array_reduce($blocks, fn ($sum, $part) => block($key, $sum ^ $part), str_repeat("\0", 16));
}

[, $method, $target, $body, $key, $application, $secret, $timestamp, $nonce] = $argv;
[$path, $query] = explode('?', $target, 2) + [1 => ''];
$oauth = [
    'application_id' => $application,
    'oauth_consumer_key' => $key,
    'oauth_nonce' => $nonce,
    'oauth_signature_method' => 'CMAC-AES',
    'oauth_timestamp' => $timestamp,
];
$signed = $oauth;
foreach (array_filter(explode('&', $query)) as $pair) {
    [$name, $value] = explode('=', $pair, 2) + [1 => ''];
    $signed[$name] = urlencode($value);
}
if (in_array($method, ['POST', 'PUT'])) {
    $signed['body'] = urlencode(urlencode(base64_encode($body)));
}
uksort($signed, 'strcasecmp');
$pairs = array_map(fn ($name, $value) => "$name=$value", array_keys($signed), $signed);
$base = $method . '&' . urlencode($path) . '&' . urlencode(implode('&', $pairs));
$oauth['oauth_signature'] = base64_encode(cmac($secret, $base));
$header = array_map(fn ($name, $value) => $name . '="' . urlencode($value) . '"', array_keys($oauth), $oauth);
echo "OAuth realm=\"$path\"," . implode(',', $header);
