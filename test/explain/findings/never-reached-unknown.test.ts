/** Whether the rules of a chain that nothing jumps to would have taken the packet may itself not be known. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { dmesg, trace } from '../../journey/kernel-lines.ts'

// as Docker writes them; the packet is for no container, which its interface would show
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-FORWARD - [0:0]
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`

it('where interfaces have no names, no rule is said to accept it, and no jump is proposed', async () => {
  const packet = { in: '#3', out: '#2', src: '192.168.7.5', dst: '203.0.113.9', sport: 40_004, dport: 443 }
  const analysis = await open([
    { name: 'rules', text: RULES },
    { name: 'log', text: dmesg([trace('filter:FORWARD:policy:1', packet)]) },
  ])
  const { groups } = await analysis.groups()
  const found = groups[0]!.journey.findings.find(({ code }) => code === 'never-reached')
  expect(found).toMatchObject({ severity: 'note', fix: [] })
  expect(found?.message).toBe(
    'filter DOCKER-FORWARD rule 1 might have accepted it (unknown: the name of interface 2 is not known), but nothing jumps to DOCKER-FORWARD.',
  )
})
