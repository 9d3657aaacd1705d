/** Files of host state that have a form of their own: no address stays in them, wherever it stands; what tells something does. */
import { expect, it } from 'vitest'
import { Redactor, redactingStream } from '../../src/redact/index.ts'

const SECRETS = ['45.67.89.123', '2a02:4567:89ab:cdef:1234:5678:9abc:def1', '52:54:9e:4d:3c:7b']

function redactText(format: string, text: string): string {
  const stream = redactingStream(format, new Redactor('host-text'))!
  return Buffer.concat([stream.push(Buffer.from(text, 'latin1')), stream.end()]).toString('latin1')
}

const leftIn = (text: string) => SECRETS.filter((secret) => text.includes(secret))

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  uname: [
    'Linux web-1 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux\n',
    'Linux version 5.15.0-91-generic (buildd@lcy02-amd64-045) (gcc (Ubuntu 11.4.0) 11.4.0) #101-Ubuntu SMP\n',
  ],
  ss: [
    'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n' +
      'tcp LISTEN 0 128 10.0.0.1%eth0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))\n',
  ],
  'ulogd-json': [
    '{"timestamp": "2026-01-05T22:23:16", "oob.prefix": "TRACE: raw:A:rule:1 ", "src_ip": "10.0.0.1", "other": "x", "third": 7}\n',
  ],
}

it.each(Object.keys(TEXTS))('%s: no address stays, in the place of any word or behind it', (format) => {
  for (const text of TEXTS[format]!)
    for (const { 0: word, index } of text.matchAll(/[^\s"()]+/g))
      for (const secret of SECRETS)
        for (const put of [secret, `${word} ${secret}`, `${word}%${secret}`]) {
          const planted = text.slice(0, index) + put + text.slice(index + word.length)
          expect(leftIn(redactText(format, planted)), planted).toEqual([])
        }
})

it.each([
  ['Linux web-1 5.15.90.1-microsoft-standard-WSL2 #1 SMP x86_64 GNU/Linux', '5.15.90.1-microsoft-standard-WSL2 #1 SMP'],
  ['Linux version 2.6.32.71 (root@build.example) #1 SMP', 'Linux version 2.6.32.71 (builder@host) #1 SMP'],
])("%s: the kernel's release stays, though it looks like an address", (line, kept) => {
  expect(redactText('uname', line)).toContain(kept)
})

it('ss: what has no port is not cut', () => {
  expect(redactText('ss', 'u_str ESTAB 0 0 * 12345 * 12346\n')).toBe('u_str ESTAB 0 0 * 12345 * 12346\n')
})
