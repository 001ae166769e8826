/** Where the shop sends to: ISO codes in the data, names on the page. */

const CODES =
  "AT AU BE BR CA CH CZ DE DK ES FI FR GB GR HU IE IN IT JP KR LU MX NL NO NZ PL PT RO SE SG US ZA".split(
    " ",
  );

const names = new Intl.DisplayNames("en", { type: "region" });

/** What is not a code is shown as it is. */
export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (names.of(code) ?? code) : code;
}

export const COUNTRIES = CODES.map((code) => ({ code, name: countryName(code) })).sort((a, b) =>
  a.name.localeCompare(b.name),
);
