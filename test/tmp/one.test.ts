import { test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { Random } from '../kernel/generate/random.ts'
import { playRuleset } from '../kernel/trace-nft/lab.ts'
import { OWN, PORTS, RIGHT, randomRuleset } from '../kernel/trace-nft/ruleset.ts'
test('x', () => {
    const random = new Random(Number(process.env.SEED ?? 1))
    const ruleset = randomRuleset(random)
  const sendings = Array.from({ length: 40 }, (_, i) => {
    const from = random.chance(0.7) ? 'left' : 'own'
    const dst = random.pick(from === 'left' ? [RIGHT, RIGHT, ...OWN] : [RIGHT, RIGHT, OWN[1]!])
    return { from, dst, sport: 20_000 + i, dport: random.pick(PORTS), length: random.pick([8, 40]) } as const
  })
    const taken = playRuleset(`nft -f - <<'EOF'\n${ruleset}\nEOF`, sendings)
    for (const [k, v] of Object.entries({ ...taken.captures, ...taken.rulesets })) writeFileSync(`/tmp/tnft/k.${k}`, v)
    writeFileSync('/tmp/tnft/k.arrived', JSON.stringify([taken.own, taken.right, sendings]))
})
