// A browser without scripts: cookies by host and port, redirects followed one by one, forms filled and sent.

const MAX_REDIRECTS = 12;

export interface Page {
  url: URL;
  status: number;
  headers: Headers;
  html: string;
}

type Form = Record<string, string> | FormData;

export class Browser {
  /** Sent as Origin with forms, instead of the address's own. */
  origin: string | null = null;
  private readonly jars = new Map<string, Map<string, string>>();

  /** The cookies of an origin by name; the name of a cookie for some pages only is followed by a space and their path. */
  jar(origin: string): Map<string, string> {
    const key = new URL(origin).host;
    if (!this.jars.has(key)) this.jars.set(key, new Map());
    return this.jars.get(key)!;
  }

  /** Send one request; redirects are not followed. */
  async send(url: string | URL, form?: Form, headers: Record<string, string> = {}): Promise<Page> {
    const address = new URL(url);
    const jar = this.jar(address.origin);
    const cookie = [...jar].flatMap(([key, value]) => {
      const [name, path = "/"] = key.split(" ");
      return address.pathname.startsWith(path) ? [`${name}=${value}`] : [];
    }).join("; ");
    const answer = await fetch(address, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: { ...(cookie ? { cookie } : {}), ...(form ? { origin: this.origin ?? address.origin } : {}), ...headers },
      ...(form ? { body: form instanceof FormData ? form : new URLSearchParams(form) } : {}),
    });
    for (const line of answer.headers.getSetCookie()) this.keep(jar, line);
    return { url: address, status: answer.status, headers: answer.headers, html: await answer.text() };
  }

  private keep(jar: Map<string, string>, line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [plain = "", value = ""] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? "/";
    const name = path === "/" ? plain : `${plain} ${path}`;
    const expires = attributes.find((each) => /^expires=/i.test(each))?.slice(8);
    const isGone = attributes.some((each) => /^max-age=0$/i.test(each)) || (expires && Date.parse(expires) <= Date.now());
    if (isGone || value === "") jar.delete(name);
    else jar.set(name, value);
  }

  /** Send a request and follow redirects until a page, or until one leads to an address that `stopAt` accepts. */
  async open(url: string | URL, form?: Form, stopAt: (url: URL) => boolean = () => false): Promise<Page> {
    let page = await this.send(url, form);
    for (let count = 0; count < MAX_REDIRECTS; count++) {
      const location = page.headers.get("location");
      if (!location || page.status < 300 || page.status > 399) return page;
      const next = new URL(location, page.url);
      if (stopAt(next)) return { ...page, url: next };
      page = await this.send(next);
    }
    throw new Error(`too many redirects at ${page.url.href}`);
  }

  /** Follow a page's link, found by its text. */
  async click(page: Page, text: string): Promise<Page> {
    const href = new RegExp(`<a href="([^"]+)">${text}</a>`).exec(page.html)?.[1];
    if (!href) throw new Error(`no link "${text}" at ${page.url.href}`);
    return this.open(new URL(decode(href), page.url));
  }

  /** Fill a page's only form and send it. */
  async submit(page: Page, values: Record<string, string>, stopAt?: (url: URL) => boolean): Promise<Page> {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.html)?.[1];
    if (!action) throw new Error(`no form at ${page.url.href}: ${page.status} ${page.html.slice(0, 300)}`);
    const hidden = [...page.html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const form = Object.fromEntries(hidden.map(([, name, value]) => [name, decode(value ?? "")]));
    return this.open(new URL(decode(action), page.url), { ...form, ...values }, stopAt);
  }
}

function decode(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}
