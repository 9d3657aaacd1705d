/** Objects that rules name, or choose by a map. */
import { forward, type Row, SYN, SYN6, UDP } from '../row.ts'

const m = 'counter drop comment "m"'
const other = 'in in0 udp 10.0.1.3:4000 > 10.0.2.2:53'
const third = 'in in0 udp 10.0.1.4:4000 > 10.0.2.2:53'

export const OBJECTS: Readonly<Record<string, Row>> = {
  'a named counter': { rules: forward(`counter name k ${m}`, 'counter k { }'), send: [UDP] },
  'a counter by a map': {
    rules: forward(`counter name ip saddr map { 10.0.1.2 : "k" } ${m}`, 'counter k { }'),
    send: [UDP, other, SYN6],
  },
  'a counter by a named map': {
    rules: forward(
      `counter name ip saddr map @v ${m}`,
      'counter k { }\nmap v { type ipv4_addr : counter; elements = { 10.0.1.2 : "k" } }',
    ),
    send: [UDP, other],
  },
  'a named limit': {
    rules: forward(`limit name k counter accept comment "a"\n${m}`, 'limit k { rate 1/hour burst 1 packets }'),
    send: [UDP],
  },
  'a named limit is used up': {
    rules: forward(`limit name k ${m}`, 'limit k { rate over 1/hour burst 1 packets }'),
    send: [UDP, UDP],
    open: /limit/,
  },
  'a named limit in two rules': {
    rules: forward(
      `udp dport 53 limit name k counter accept comment "a"\ntcp dport 80 limit name k counter accept comment "b"\n${m}`,
      'limit k { rate 1/hour burst 2 packets }',
    ),
    send: [UDP, SYN],
  },
  'a limit by a map': {
    rules: forward(
      `limit name ip saddr map { 10.0.1.2 : "k" } counter accept comment "a"\n${m}`,
      'limit k { rate 1/hour burst 1 packets }',
    ),
    send: [UDP, other],
  },
  'a named quota': { rules: forward(`quota name k ${m}`, 'quota k { over 40 bytes }'), send: [UDP, UDP, UDP] },
  'a named quota that was used': {
    rules: forward(`quota name k ${m}`, 'quota k { over 40 bytes used 30 bytes }'),
    send: [UDP, UDP],
  },
  'a named quota in two rules': {
    rules: forward(
      `udp dport 53 quota name k ${m}\ntcp dport 80 quota name k counter drop comment "n"`,
      'quota k { over 60 bytes }',
    ),
    send: [UDP, SYN],
  },
  'a named quota until': {
    rules: forward(`quota name k counter accept comment "a"\n${m}`, 'quota k { 40 bytes }'),
    send: [UDP, UDP],
  },
  'a quota by a map': {
    rules: forward(
      `quota name ip saddr map { 10.0.1.2 : "k", 10.0.1.3 : "l" } ${m}`,
      'quota k { over 40 bytes }\nquota l { over 20 bytes }',
    ),
    send: [UDP, other, third, UDP, UDP],
  },
  'a quota in the rule': { rules: forward(`quota over 40 bytes ${m}`), send: [UDP, UDP, UDP] },
  'a quota in the rule until': {
    rules: forward(`quota until 40 bytes counter accept comment "a"\n${m}`),
    send: [UDP, UDP],
  },
  'a quota that was used': { rules: forward(`quota over 40 bytes used 39 bytes ${m}`), send: [UDP] },
  'a limit of bytes': {
    rules: forward(`limit rate over 1 bytes/hour burst 30 bytes ${m}`),
    send: [UDP, UDP],
    open: /limit/,
  },
  'a limit of bytes that the packet is too long for': {
    rules: forward(`limit rate over 20 bytes/hour burst 7 bytes ${m}`),
    send: [UDP, UDP],
  },
  'a limit of bytes with room for one': {
    rules: forward(`limit rate 20 bytes/hour burst 8 bytes counter accept comment "a"\n${m}`),
    send: [UDP],
  },
  'a limit in the rule': {
    rules: forward(`limit rate 1/hour burst 2 packets counter accept comment "a"\n${m}`),
    send: [UDP, UDP],
  },
  'a helper by a map': {
    rules: forward(
      'ct helper set tcp dport map { 21 : "k" } counter drop comment "m"',
      'ct helper k { type "ftp" protocol tcp; }',
    ),
    send: [SYN],
  },
  'a named helper': {
    rules: forward('ct helper set "k" counter drop comment "m"', 'ct helper k { type "ftp" protocol tcp; }'),
    send: [SYN],
  },
  'a timeout': {
    rules: forward(
      `ct timeout set "k" ${m}`,
      'ct timeout k { protocol udp; l3proto ip; policy = { unreplied : 5 };\n}',
    ),
    send: [UDP],
  },
  'a named synproxy': {
    rules: forward(
      'tcp dport 80 ct state invalid,untracked synproxy name "k"',
      'synproxy k { mss 1460; wscale 7; timestamp sack-perm }',
    ),
    send: [UDP],
  },
  'a counter by a map with all others': {
    rules: forward(`counter name ip saddr map { 10.0.1.2 : "k", * : "l" } ${m}`, 'counter k { }\ncounter l { }'),
    send: [UDP, other],
  },
  last: { rules: forward(`last ${m}`), send: [UDP] },
  'a secmark': {
    rules: forward('meta secmark set "k" counter drop comment "m"', 'secmark k { "system_u:object_r:x_t:s0" }'),
    send: [UDP],
  },
}
