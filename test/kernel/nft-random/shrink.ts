/** Makes a case smaller as long as it still fails in the same way: fewer packets, tables, chains, rules, parts of rules. */
import type { RandomCase } from './case.ts'

/** Where something stands that may be left out: `t0/c1/r2/p0`, or `s3` for a packet. */
type Path = string

/** Several at once. `fails` plays what is tried of all of them, and says whether it fails as the case of that number does. */
export function shrink(
  cases: readonly RandomCase[],
  fails: (tried: readonly { of: number; one: RandomCase }[]) => boolean[],
): RandomCase[] {
  const under = cases.map((one) => ({
    ways: smaller(one),
    answer: [] as boolean[],
    smallest: undefined as RandomCase | undefined,
  }))
  for (;;) {
    const tried: { of: number; one: RandomCase }[] = []
    for (const [of, shrinking] of under.entries()) {
      if (shrinking.smallest) continue
      const { done, value } = shrinking.ways.next(shrinking.answer)
      if (done) shrinking.smallest = value
      else tried.push(...value.map((one) => ({ of, one })))
    }
    if (tried.length === 0) return under.map(({ smallest }) => smallest!)
    const failed = fails(tried)
    for (const [of, shrinking] of under.entries()) shrinking.answer = failed.filter((_, i) => tried[i]!.of === of)
  }
}

type Tried = Generator<RandomCase[], RandomCase, boolean[]>

function* smaller(big: RandomCase): Tried {
  let gone: readonly Path[] = []
  const size = () => pathsOf(big, gone).length
  for (let before = size() + 1; size() < before; ) {
    before = size()
    for (const level of [1, 2, 3, 4]) gone = yield* withoutMore(level)
  }
  return leftOf(big, gone)

  /** As many of one level as can be left out together; what cannot is tried one by one. */
  function* withoutMore(level: number): Generator<RandomCase[], readonly Path[], boolean[]> {
    const paths = pathsOf(big, gone).filter((path) => path.split('/').length === level)
    if (paths.length === 0) return gone
    const alone = yield paths.map((path) => leftOf(big, [...gone, path]))
    const may = paths.filter((_, i) => alone[i])
    // all of them, and always half as many
    const tries: Path[][] = []
    for (let count = may.length; count > 0; count >>= 1) tries.push(may.slice(0, count), may.slice(-count))
    if (tries.length === 0) return gone
    const found = (yield tries.map((some) => leftOf(big, [...gone, ...some]))).indexOf(true)
    return found < 0 ? gone : [...gone, ...tries[found]!]
  }
}

function pathsOf(one: RandomCase, gone: readonly Path[]): Path[] {
  const paths = [
    ...one.send.map((_, i) => `s${i}`),
    ...one.tables.flatMap(({ chains, named }, t) => [
      `t${t}`,
      ...named.map((_, n) => `t${t}/n${n}`),
      ...chains.flatMap(({ rules }, c) => [
        `t${t}/c${c}`,
        ...rules.flatMap(({ parts, verdict }, r) => [
          `t${t}/c${c}/r${r}`,
          ...parts.map((_, p) => `t${t}/c${c}/r${r}/p${p}`),
          ...(verdict ? [`t${t}/c${c}/r${r}/v`] : []),
        ]),
      ]),
    ]),
  ]
  return paths.filter((path) => !gone.some((one) => path === one || path.startsWith(`${one}/`)))
}

function leftOf(one: RandomCase, gone: readonly Path[]): RandomCase {
  const out = new Set(gone)
  const left = <T>(list: readonly T[], prefix: string): [T, Path][] =>
    list.map((item, i): [T, Path] => [item, `${prefix}${i}`]).filter(([, path]) => !out.has(path))
  return {
    send: left(one.send, 's').map(([packet]) => packet),
    tables: left(one.tables, 't').map(([table, t]) => ({
      ...table,
      named: left(table.named, `${t}/n`).map(([part]) => part),
      chains: left(table.chains, `${t}/c`).map(([chain, c]) => ({
        ...chain,
        rules: left(chain.rules, `${c}/r`).map(([{ verdict, ...rule }, r]) => ({
          ...rule,
          parts: left(rule.parts, `${r}/p`).map(([part]) => part),
          ...(verdict && !out.has(`${r}/v`) ? { verdict } : {}),
        })),
      })),
    })),
  }
}
