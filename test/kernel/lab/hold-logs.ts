import { afterAll, beforeAll } from 'vitest'
import { Lab } from './lab.ts'

/** For the tests of a `describe`: holds nf_log_all_netns, without which the log of other namespaces is not shown. */
export function holdLogs(): void {
  let logs: Lab
  beforeAll(async () => {
    logs = await Lab.open()
  })
  afterAll(() => logs?.close())
}
