import type { Problem } from '../problem.ts'

/** Changes every text of a problem but its name, thread and sentence. */
export function withTexts(problem: Problem, change: (text: string) => string): Problem {
  const { name, thread, backend, truth, ...rest } = problem
  const { words, ...told } = truth
  return { ...changed(rest, change), name, thread, backend, truth: { ...changed(told, change), words } }
}

function changed<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T
  if (Array.isArray(value)) return value.map((one) => changed(one, change)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, changed(one, change)])) as T
}

/** What makes the machines: not what is said of them. */
export const built = ({ hosts, setup, earlier, fails, others, mend }: Problem): string =>
  JSON.stringify([hosts, setup, earlier, fails, others, mend])
