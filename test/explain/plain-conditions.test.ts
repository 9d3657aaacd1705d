/** Options and numbers as words: what `describeConditions` says of a rule's own. */
import { expect, it } from 'vitest'
import { plainWords } from '../../src/explain/plain-conditions.ts'

it.each([
  [
    '--hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name x',
    'up to 5/sec for each source address',
  ],
  [
    '--hashlimit-above 2/min --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name x',
    'more than 2/min for each source address and destination port',
  ],
  ['--hashlimit-above 2/min --hashlimit-burst 5 --hashlimit-name x', 'more than 2/min'],
  ['--limit 3/hour --limit-burst 5', 'up to 3/hour'],
  ['limit rate 5/second burst 5 packets', 'up to 5/second'],
  ['limit rate over 5/second burst 5 packets', 'more than 5/second'],
  [
    '--update --seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource',
    'its source is in recent list DEFAULT 6 times within 30 s',
  ],
  ['--rcheck --name knocked --rdest', 'its destination is in recent list knocked'],
  ['--bytecode "1,6 0 0 65535"', 'its BPF program matches it'],
  ['--dir in --pol none', 'came in without IPsec'],
  ['--dir out --pol ipsec', 'leaves through IPsec'],
  ['-m rpfilter --validmark --invert', 'reverse path check failed'],
  ['-m rpfilter', 'reverse path check passed'],
  ['fib saddr . mark . iif oif missing', 'reverse path check failed'],
  ['fib saddr . iif oif exists', 'reverse path check passed'],
  ['ip version 6', 'version 6 in an IPv4 header, which no packet has'],
  ['ip6 version 4', 'version 4 in an IPv6 header, which no packet has'],
  ['ip frag-off & 8191 != 0', 'a fragment, but not the first'],
  ['ip frag-off & 0x3fff != 0', 'a fragment'],
  [
    'ip frag-off & 65311 != 0',
    'frag-off & 0xff1f is not 0, which also matches packets with the DF flag: the mask is probably 0x1fff in the wrong byte order',
  ],
])('says of %s: %s', (text, words) => {
  expect(plainWords(text)).toBe(words)
})

it.each([
  ...[
    'tcp dport 80',
    'ip6 version 6',
    'ip version 4',
    '-m rpfilter --loose --invert',
    'fib saddr type local',
    'ip frag-off & 0x2000 != 0',
  ],
  ...[
    '--dir in --pol ipsec --mode tunnel',
    'ip frag-off 0',
    'limit name "x"',
    '--rcheck --seconds 9 --rttl --name a --rsource',
  ],
])('keeps the own words of %s', (text) => {
  expect(plainWords(text)).toBeUndefined()
})
