/** What mutations put into files: numbers at the edges, names that act where they are pasted, and words of the formats. */

const words = (text: string): string[] => text.split(/\s+/)

export const NUMBERS: readonly string[] = [
  ...words('0 -1 1 65535 65536 2147483647 2147483648 -2147483648 4294967295 4294967296 9007199254740991'),
  ...words('9007199254740992 18446744073709551615 18446744073709551616 1e309 -1e309 NaN Infinity 0x0 0xffffffff'),
  ...words('0xffffffffffffffff 0x 1.5 00 010 1e5 255 256 127 128 32 33 129'),
  '9'.repeat(400),
]

/** As UTF-8, a byte a letter. */
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** What every object has while cases run, and nothing may find by it: test/hostile/judge.ts. */
export const INHERITED = 'zzinherited'

export const NAMES: readonly string[] = [
  // what a shell would do something with
  ...words('$(touch$\x7bIFS\x7dx) `id` ;reboot |sh & \' " \';id;\' ";id;" \\ --help - .. ../../x * # | %s%n'),
  // what a terminal would
  ...['\x1b[2J', '\x1b]0;owned\x07', '\x1b[31mred', '\x9b2J', '\x07', '\b\b\b', '\x7f', '\r', '\n', '\t', '\0'],
  ...words('\u202egnp \u2066\u2069 \u200b \u00ad \u{e0041} é 日本 👩‍👧 \u0301').map(bytes),
  ...['\ufeff', '\u2028'].map(bytes),
  // what every object of JavaScript has
  ...words('__proto__ constructor toString hasOwnProperty valueOf prototype __defineGetter__ length'),
  ...[INHERITED, INHERITED, INHERITED, INHERITED.toUpperCase()],
  // no UTF-8
  ...['\xff\xfe', '\xc0\x80', '\xed\xa0\x80', '\xf8', '\xc3'],
  // what Markdown and HTML would do something with, and what is a word here
  ...words('{{x}} <b> ](x) @set ``` DROP ACCEPT RETURN INPUT accept drop jump counter handle policy true null'),
  'a'.repeat(300),
]

export const WORDS: readonly string[] = [
  ...words(
    '-A -I -j -g -m ! -s -d -p -i -o --dport --set-xmark --log-prefix -N -X COMMIT *filter *nat TRACE: IN= OUT= SRC=',
  ),
  ...words(
    'DST= PROTO= SPT= MARK= ID= table chain set map type hook priority policy vmap ct meta ip ip6 tcp th trace id',
  ),
  ...words('packet: verdict rule include define elements = == != @ . / - : if then fi for do done while case esac $A'),
  ...words(
    '$\x7bA\x7d $\x7bA:-b\x7d $(A) <<EOF | && udp icmp dport 0.0.0.0/0 ::/0 10.0.0.1 fe80::1 1.2.3.4/33 ::ffff:1.2.3.4',
  ),
  ...words('ESTABLISHED ASSURED src= dst= sport= via dev scope proto metric nexthop from to'),
  ':A - [0:0]',
]

/** What opens, and what closes it. */
export const NESTS: readonly (readonly string[])[] = [
  ...['{ }', '( )', '[ ]', '{"a": }', '[[ ]]', '<a> </a>', '$( )', '$\x7bA:- \x7d', '` `', '" "', "' '", '1|1|'].map(
    words,
  ),
  ...[['{ ip saddr ', ' }'], ['\\'], ['! '], ['not '], ['-'], ['jump A ; '], ['1 | ', '1'], ['1 . ', '1']],
  ...[
    ['if true; then ', '; fi'],
    ['for a in 1 2; do ', '; done'],
  ],
]
