/** What rules ask of a flow's first packet, where a trace of the kernel's log shows no state of connections. */
import { describe, expect, it } from 'vitest'
import { explainLog, worldOf } from '../../journey/journeys.ts'

const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[0:0] -A INPUT -p udp -m udp --dport 27015 -m state --state ESTABLISHED -j ACCEPT
[1:88] -A INPUT -p udp -m udp --dport 27015 -m state --state NEW -m length --length 33:250 -j ACCEPT
[1:428] -A INPUT -p udp -m udp --dport 27015 -j DROP
COMMIT
`
const ENTRY = (port: number) =>
  `udp      17 28 src=192.0.2.2 dst=192.0.2.1 sport=${port} dport=27015 [UNREPLIED] src=192.0.2.1 dst=192.0.2.2 sport=27015 dport=${port} mark=0 use=1\n`
const LINE = (place: string) =>
  `[ 1257.463194] TRACE: ${place} IN=eth0 OUT= MAC=72:f8:e2:03:8d:7d:b6:2e:ab:5c:b3:e3:08:00 SRC=192.0.2.2 DST=192.0.2.1 LEN=428 TOS=0x00 PREC=0x00 TTL=64 ID=26880 DF PROTO=UDP SPT=40002 DPT=27015 LEN=408 \n`
const LOG = LINE('filter:INPUT:rule:3')

const notes = (...state: string[]) =>
  explainLog(LOG, worldOf(RULES, ...state)).journeys[0]!.findings.filter(({ code }) => code === 'near-miss')

describe('a datagram that was dropped, of which connection tracking has no entry', () => {
  it('is new, so that the rule for such ones is missed by its length alone', () => {
    expect(notes(ENTRY(40_001)).map(({ message }) => message)).toEqual([
      'filter INPUT rule 2 would have accepted it, but only matches --length 33:250; the length of the packet is 428.',
    ])
  })

  it('is of no known state where the entries are not listed, or one is its own', () => {
    for (const state of [[], [ENTRY(40_002)]])
      expect(notes(...state).some(({ message }) => message.includes('--length'))).toBe(false)
  })
})
