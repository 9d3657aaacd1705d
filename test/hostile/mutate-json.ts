/** JSON whose values are of another kind, too many, too deep, or under names that JavaScript gives a meaning. */
import type { Random } from './random.ts'
import { NAMES, NUMBERS } from './words.ts'

/** Text that is no JSON comes back as it was. */
export function mutateJson(text: string, random: Random): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(changed(JSON.parse(text), random))
  } catch {
    // a document a line
    const lines = text.split('\n')
    const at = random.below(lines.length)
    try {
      lines[at] = JSON.stringify(changed(JSON.parse(lines[at]!), random))
    } catch {
      return text
    }
    return lines.join('\n')
  }
}

/** One value somewhere inside of it is another then. */
function changed(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return instead(value, random)
  if (Array.isArray(value)) {
    if (value.length === 0) return instead(value, random)
    const at = random.below(value.length)
    return value.map((one, i) => (i === at ? changed(one, random) : one))
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return instead(value, random)
  const at = random.below(entries.length)
  const [key, one] = entries[at]!
  const choice = random.below(10)
  if (choice === 0) entries.splice(at, 1)
  else if (choice === 1) entries.push([random.pick(NAMES), one])
  else entries[at] = choice === 2 ? [random.pick(NAMES), one] : [key, changed(one, random)]
  // as a field of its own, also where it is called __proto__
  return Object.defineProperties({}, Object.fromEntries(entries.map(([key, one]) => [key, field(one)])))
}

const field = (value: unknown) => ({ value, enumerable: true, configurable: true, writable: true })

function instead(value: unknown, random: Random): unknown {
  switch (random.below(10)) {
    case 0:
      return null
    case 1:
      return []
    case 2:
      return {}
    case 3:
      return [value]
    case 4:
      return [value, value]
    case 5:
      return { [random.pick(NAMES)]: value }
    case 6:
      return random.pick(NAMES)
    case 7:
      return Number(random.pick(NUMBERS))
    case 8:
      return random.pick(NUMBERS)
    default: {
      let deep = value
      for (let i = random.small(500); i >= 0; i--) deep = [deep]
      return random.chance(0.1) ? deep : random.chance(0.5)
    }
  }
}
