/** Every form in which journeys are told, under its name. */
import type { Form } from './form.ts'
import { json } from './json.ts'
import { markdown } from './markdown/index.ts'
import { ndjson } from './ndjson.ts'
import { text } from './text/index.ts'

export { comparisonJson } from './comparison-json.ts'
export { flowsJson } from './flows-json.ts'
export type { Form, FormOptions, Group } from './form.ts'
export { rulesetJson } from './ruleset-json.ts'
export { rulesetsJson } from './rulesets-json.ts'
export { comparisonText } from './text/comparison.ts'
export { flowsText } from './text/flows.ts'
export { warningsText } from './text/index.ts'
export { ambiguousWords, mapText } from './text/map.ts'
export { rulesetsText } from './text/rulesets.ts'

/** Every form of a report under its name. */
export const FORMS = { text, markdown, json, ndjson } as const satisfies Record<string, Form>
/** `text`, `markdown`, `json`, `ndjson`. */
export type FormName = keyof typeof FORMS
