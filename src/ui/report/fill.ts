/** The page of a report (scripts/page.mjs: dist/page/report.html) with what it is to show. */

/** Nothing of an input is markup there: `packed` is a ReportData as JSON, gzipped, in base64. */
export const fillReport = (shell: string, packed: string): string =>
  shell.replace('<!--report-->', () => `<script type="text/plain" id="nfwhy-report">${packed}</script>`)
