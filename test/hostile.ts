// What hostile or unlucky people write into names, titles and updates (bad-inputs: templates, markdown, status page).
export const HOSTILE: readonly string[] = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '</title><script>alert(1)</script>', '</style><script>alert(1)</script>',
  '<svg onload=alert(1)>', '<!--', '-->', ']]>', '<![CDATA[x]]>', '&lt;script&gt;', '&#60;script&#62;', '<a href="javascript:alert(1)">x</a>', '[x](javascript:alert(1))',
  'javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', '{{constructor}}', '{{7*7}}', '${7*7}', '{% include "/etc/passwd" %}', '```mermaid\ngraph TD\n```', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
  '\u202egnp.exe', 'all \u2066hidden\u2069', 'zero\u200bwidth', '\u0000\u0001\u0008\u001b[31m', 'lone \ud800 surrogate \udfff', '\ufffe\uffff', `z${'\u0301'.repeat(2000)}`,
  '@everyone', '=HYPERLINK("http://evil.example")', 'a\r\nBcc: x@evil.example', '', '   ', '\n\n\n', '__proto__', 'constructor', '😀'.repeat(400), '"'.repeat(3000), 'w'.repeat(1_000_000),
]
