import { describe, expect, it } from "vitest";
import {
  addressErrors,
  cardDetails,
  cardErrors,
  emailError,
  groupCardNumber,
  luhnValid,
  parseExpiry,
  passwordError,
} from "./validation";

describe("card numbers", () => {
  it.each(["4242 4242 4242 4242", "4000000000000002", "378282246310005", "30569309025904"])(
    "%s is right",
    (number) => expect(luhnValid(number)).toBe(true),
  );

  it.each(["4242424242424241", "4242 4242 4242 2424", "", "0", "00000000000", "9".repeat(20)])(
    "%s is wrong",
    (number) => expect(luhnValid(number)).toBe(false),
  );

  it("finds every single wrong digit", () => {
    const good = "4242424242424242";
    for (let place = 0; place < good.length; place += 1) {
      const other = (Number(good[place]) + 1) % 10;
      expect(luhnValid(good.slice(0, place) + other + good.slice(place + 1))).toBe(false);
    }
  });

  it("are grouped while they are typed", () => {
    expect(groupCardNumber("42424")).toBe("4242 4");
    expect(groupCardNumber("4242-4242 x")).toBe("4242 4242");
    expect(groupCardNumber("")).toBe("");
  });
});

describe("expiry", () => {
  it.each([
    ["01/30", { month: 1, year: 2030 }],
    ["1/2030", { month: 1, year: 2030 }],
    ["1230", { month: 12, year: 2030 }],
    [" 12 / 30 ", { month: 12, year: 2030 }],
    ["13/30", null],
    ["00/30", null],
    ["12", null],
    ["", null],
  ])("reads %j", (text, expected) => expect(parseExpiry(text)).toEqual(expected));

  it("lasts to the end of its month", () => {
    const card = { number: "4242424242424242", expiry: "02/28", cvc: "123" };
    expect(cardErrors(card, new Date(2028, 1, 29, 23, 59))).toEqual({});
    expect(cardErrors(card, new Date(2028, 2, 1)).expiry).toContain("expired");
  });
});

describe("forms", () => {
  it("name what is wrong with a card", () => {
    const errors = cardErrors({ number: "1234", expiry: "soon", cvc: "12" }, new Date());
    expect(Object.keys(errors)).toEqual(["number", "expiry", "cvc"]);
  });

  it("send a card as the service wants it", () => {
    expect(cardDetails({ number: "4242 4242 4242 4242", expiry: "09/30", cvc: " 123 " })).toEqual({
      number: "4242424242424242",
      exp_month: 9,
      exp_year: 2030,
      cvc: "123",
    });
  });

  it("need all of an address but its second line", () => {
    const address = { name: "R", line1: "1 Lane", city: "Town", postal_code: "1", country: "US" };
    expect(addressErrors(address)).toEqual({});
    expect(Object.keys(addressErrors({ ...address, city: "  " }))).toEqual(["city"]);
  });

  it("know an e-mail address and a password that is long enough", () => {
    expect([emailError("a@b.co"), emailError(" a@b.co ")]).toEqual(["", ""]);
    expect(emailError("a@b")).not.toBe("");
    expect(passwordError("123456789")).not.toBe("");
    expect(passwordError("1234567890")).toBe("");
  });
});
