"""The table: a key, a distribution as `get-distribution` prints it, the paths that are sent, the rule.

Rules are cited by section of shared/reference/aws-behaviour.md ("Paths", "Distributions", "Hosts of an S3
origin"), by the issue, or by the decision documented in the module that the rule names.
"""

from typing import NamedTuple

from invalidator.core.routing.settings import RoutingSettings


class Case(NamedTuple):
    rule: str
    distribution: str
    key: str
    paths: tuple[str, ...]
    index_documents: tuple[str, ...] = ()
    settings: RoutingSettings | None = None


ALWAYS_CLEAN = RoutingSettings(("index.html",), clean_urls="always")
NEVER_CLEAN = RoutingSettings(("index.html",), clean_urls="never")
ALL_ERROR_PAGES = RoutingSettings(("index.html",), error_page_seconds=0)
PATIENT = RoutingSettings(("index.html",), error_page_seconds=300)
ERROR_DOCUMENT = RoutingSettings(("index.html",), error_document="404.html")
ERROR_DOCUMENT_ALWAYS = RoutingSettings((), 0, error_document="404.html")

INDEX = ("index.html",)

CASES = [
    # What is encoded, and what is not.
    Case("Paths: starts with /", "plain", "a.html", ("/a.html",)),
    Case("Paths: case-sensitive", "plain", "Img/A.JPG", ("/Img/A.JPG",)),
    Case("Paths: nothing else is encoded", "plain", "a!$&'(),:;=@_-.b", ("/a!$&'(),:;=@_-.b",)),
    Case("Paths: a plus in both forms", "plain", "c++.html", ("/c++.html", "/c%2B%2B.html")),
    Case("Paths: whether %20 and + are one object is unknown", "plain", "a b c", ("/a%20b%20c", "/a+b+c")),
    Case(
        "issue 16: a space beside a plus: at most three forms",
        "plain",
        "a b+c",
        ("/a%20b+c", "/a%20b%2Bc", "/a+b%2Bc"),
    ),
    Case("Paths: non-ASCII as UTF-8", "plain", "é.html", ("/%C3%A9.html",)),
    Case("Paths: non-ASCII as UTF-8", "plain", "😀.png", ("/%F0%9F%98%80.png",)),
    Case("Paths: non-ASCII, not composed", "plain", "e\u0301", ("/e%CC%81",)),
    Case("Paths: RFC 1738 unsafe", "plain", '<>"', ("/%3C%3E%22",)),
    Case("Paths: RFC 1738 unsafe", "plain", "{}|\\^[]`", ("/%7B%7D%7C%5C%5E%5B%5D%60",)),
    Case("Paths: a percent sign of the key's own", "plain", "50%25.txt", ("/50%2525.txt",)),
    Case("Paths: ? must be encoded", "plain", "what?.html", ("/what%3F.html",)),
    Case("Paths: an item that starts with # is a tag", "plain", "#1.html", ("/%231.html",)),
    Case("encoding: control characters", "plain", "a\nb\x7f\x00", ("/a%0Ab%7F%00",)),
    Case("encoding: a byte that is no UTF-8", "plain", "caf\udce9.txt", ("/caf%E9.txt",)),
    Case("encoding: // is plain", "plain", "a//b", ("/a//b",)),
    Case("encoding: a leading slash is plain", "plain", "/a", ("//a",)),
    Case("encoding: a folder's marker", "plain", "a/", ("/a/",)),
    Case("encoding: dotfiles are plain", "plain", ".well-known/x", ("/.well-known/x",)),
    Case("encoding: three dots are plain", "plain", "a/.../b", ("/a/.../b",)),
    Case("Paths: * elsewhere is a literal", "plain", "a*b", ("/a*b",)),
    # What is widened.
    Case("Paths: * at the end is a wildcard", "plain", "a*", ("/a*",)),
    Case("Paths: ~ is unsupported", "plain", "js/run~main.js", ("/js/run*",)),
    Case("Paths: ~ is unsupported", "plain", "~me/x", ("/*",)),
    Case("Paths: ~ after a space", "plain", "a b~c", ("/a%20b*", "/a+b*")),
    Case("encoding: dot segments", "plain", "a/../b", ("/a/*",)),
    Case("encoding: dot segments", "plain", "a/./b", ("/a/*",)),
    Case("encoding: a dot segment at the end", "plain", "a/..", ("/a/*",)),
    Case("encoding: a line break makes it a name", "plain", "a/..\n", ("/a/..%0A",)),
    Case("encoding: no text", "plain", "a\ud83dz", ("/a*",)),
    Case("encoding: replaced by a lenient decoder", "plain", "caf\ufffd.txt", ("/caf*",)),
    Case("Paths: 4,000 characters at most", "plain", "é" * 700, ("/" + "%C3%A9" * 666 + "*",)),
    Case("Paths: 4,000 characters at most", "plain", "x" * 5000, ("/" + "x" * 3997 + "*",)),
    # Hosts and origins.
    Case("Hosts: a bucket is not its prefix", "another bucket", "a.html", ()),
    Case("Hosts: a bucket is not its suffix", "a longer bucket", "a.html", ()),
    Case("Hosts: an access point alias hides the bucket", "hidden", "a.html", ()),
    Case("Distributions: {{parameters}} in OriginPath", "per tenant", "t/a.html", ()),
    Case("issue 3: enabled ones only", "disabled", "a.html", ()),
    Case("Distributions: OriginPath is stripped", "origin path", "site/a.html", ("/a.html",)),
    Case("Distributions: a key outside is not served", "origin path", "a.html", ()),
    Case("Distributions: OriginPath is whole segments", "origin path", "sitemap.xml", ()),
    Case("Distributions: OriginPath is no key", "origin path", "site", ()),
    Case("Distributions: the OriginPath's own folder", "origin path", "site/", ("/",)),
    Case("Distributions: OriginPath is stripped once", "origin path", "site/site/a", ("/site/a",)),
    Case("Distributions: OriginPath of two segments", "deep origin path", "a/b/c", ("/c",)),
    Case("Distributions: OriginPath of two segments", "deep origin path", "a/c", ()),
    Case("issue 3: strip each matching origin", "two origins", "old/v1/x", ("/v1/x",)),
    Case("issue 3: only paths that reach the origin", "two origins", "old/v2/x", ()),
    Case("issue 3: only paths that reach the origin", "two origins", "site/v1/x", ()),
    Case("issue 3: several paths", "nested origins", "site/x", ("/site/x", "/x")),
    Case(
        "issue 3: one origin's path is another's behavior", "nested origins", "site/site/x", ("/site/site/x",)
    ),
    Case("Distributions: no behavior leads there", "unused origin", "a.html", ()),
    Case("issue 3: origin groups", "group", "a.html", ("/a.html",)),
    # Cache behaviors.
    Case("Distributions: path patterns", "api elsewhere", "api/x", ()),
    Case("Distributions: the default takes the rest", "api elsewhere", "x", ("/x",)),
    Case("Distributions: * crosses slashes", "api elsewhere", "a/b/c.php", ()),
    Case("Distributions: case-sensitive", "api elsewhere", "Api/x", ("/Api/x",)),
    Case("Distributions: a pattern ends where the path ends", "api elsewhere", "c.php5", ("/c.php5",)),
    Case("Distributions: the leading slash is optional", "assets only", "assets/x", ("/assets/x",)),
    Case("Distributions: a pattern begins where the path begins", "assets only", "my/assets/x", ()),
    Case("Distributions: suffix pattern", "assets only", "a/b.jpg", ("/a/b.jpg",)),
    Case("Distributions: first match wins", "first wins", "img/private/x", ()),
    Case("Distributions: first match wins", "first wins", "img/x", ("/img/x",)),
    Case("Distributions: ? is one character", "one character", "page1.html", ("/page1.html",)),
    Case("Distributions: ? is one character", "one character", "page.html", ()),
    Case("Distributions: ? is one character", "one character", "page10.html", ()),
    Case("behavior_rules: decoded or encoded", "one character", "pageé.html", ("/page%C3%A9.html",)),
    Case("behavior_rules: decoded or encoded", "encoded pattern", "a b/x", ("/a%20b/x", "/a+b/x")),
    Case("behavior_rules: decoded or encoded", "encoded pattern", "a%20b/x", ("/a%2520b/x",)),
    Case("Distributions: * and ? together", "many stars", "a/img/b/c.png", ("/a/img/b/c.png",)),
    Case("Distributions: * and ? together", "many stars", "img/c.png", ()),
    Case("behavior_rules: normalized before matching", "first wins", "img//private/x", ("/img//private/x",)),
    Case("behavior_rules: normalized before matching", "directory only", "docs/x/..", ("/docs/x/*",)),
    Case("behavior_rules: normalized before matching", "assets only", "/assets/x", ("//assets/x",)),
    # Root and index documents.
    Case("Paths: the root object, both forms", "root", "index.html", ("/index.html", "/")),
    Case("Paths: the root object is one object", "root", "a/index.html", ("/a/index.html",)),
    Case(
        "issue 16: the root object answers its folder too",
        "root in a folder",
        "app/start.html",
        ("/app/start.html", "/", "/app/"),
    ),
    Case("Paths: below the OriginPath", "root below an origin path", "site/index.html", ("/index.html", "/")),
    Case("Paths: below the OriginPath", "root below an origin path", "index.html", ()),
    Case("object_names: / or /index.html decides", "root elsewhere", "index.html", ("/index.html", "/")),
    Case("object_names: / or /index.html decides", "only the root", "index.html", ("/index.html", "/")),
    Case("Paths: directories, both forms", "website", "d/index.html", ("/d/index.html", "/d/", "/d")),
    Case("Paths: the website's own root", "website", "index.html", ("/index.html", "/")),
    Case("Paths: myindex.html is no index", "website", "d/myindex.html", ("/d/myindex.html",)),
    Case(
        "object_names: the root object's path is a directory",
        "website with a root",
        "index.html/index.html",
        ("/index.html/index.html", "/index.html/", "/index.html", "/"),
    ),
    Case("Paths: below the OriginPath", "website below", "site/d/index.html", ("/d/index.html", "/d/", "/d")),
    Case("Paths: below the OriginPath", "website below", "site/index.html", ("/index.html", "/")),
    Case(
        "issue 3: setting IndexDocuments",
        "plain",
        "d/home.htm",
        ("/d/home.htm", "/d/", "/d"),
        ("index.html", "home.htm"),
    ),
    Case("issue 3: setting IndexDocuments", "plain", "d/index.html", ("/d/index.html", "/d/", "/d"), INDEX),
    Case("issue 3: without the setting", "plain", "d/index.html", ("/d/index.html",)),
    Case(
        "Paths: the directory is encoded too",
        "website",
        "é/index.html",
        ("/%C3%A9/index.html", "/%C3%A9/", "/%C3%A9"),
    ),
    Case("Paths: ~ in the directory", "website", "d~/index.html", ("/d*",)),
    Case("Paths: ~ in nothing but the name", "plain", "d/~", ("/d/*",), INDEX),
    Case("issue 3: each form through the behaviors", "directory only", "docs/index.html", ("/docs/",)),
    Case("object_names: no directory without a name", "website", "a//index.html", ("/a//index.html", "/a//")),
    # Query strings.
    Case("Paths: file*", "by query", "a.html", ("/a.html*",)),
    Case("Paths: file*", "own policy by query", "a.html", ("/a.html*",)),
    Case("issue 3: an unknown policy counts as keyed", "unread policy", "a.html", ("/a.html*",)),
    Case("Paths: file*", "legacy by query", "a.html", ("/a.html*",)),
    Case("Paths: legacy, not by query", "legacy plain", "a.html", ("/a.html",)),
    Case("Paths: only where keyed", "partly by query", "q/a.html", ("/q/a.html*",)),
    Case("Paths: only where keyed", "partly by query", "p/a.html", ("/p/a.html",)),
    Case("Paths: file* with spaces", "by query", "a b", ("/a%20b*", "/a+b*")),
    Case("Paths: file* once", "by query", "a*", ("/a*",)),
    Case("Paths: file* once", "by query", "a~b", ("/a*",)),
    Case("encoding: a directory's queries", "by query", "d/", ("/d/", "/d/?*")),
    Case("encoding: the root's queries", "root by query", "index.html", ("/index.html*", "/", "/?*")),
    Case(
        "encoding: a directory's queries",
        "website by query",
        "d/index.html",
        ("/d/index.html*", "/d/", "/d/?*", "/d", "/d?*"),
    ),
    # Functions at the edge.
    Case("Paths: a function rewrites the URI", "rewriting", "static/x", ("/static/x",)),
    Case("Paths: the URI after the function", "rewriting", "x", ("/x",)),
    Case("Paths: the URI after the function", "rewriting at the origin", "x", ("/x",)),
    Case("behavior_rules: the rewritten path's queries", "rewriting by query", "p/x", ("/p/x*",)),
    Case("behavior_rules: a function on the way elsewhere", "rewriting elsewhere", "x", ()),
    Case("behavior_rules: a function of the response", "changing headers", "x", ()),
    Case("issue 1: an object's key is never empty", "plain", "", ()),
    # Plus signs and spaces.
    Case("Paths: wheels hold a +", "plain", "t-2.0+cu128.whl", ("/t-2.0+cu128.whl", "/t-2.0%2Bcu128.whl")),
    Case("Paths: a + in a folder", "plain", "c++/a.h", ("/c++/a.h", "/c%2B%2B/a.h")),
    Case("Paths: + and file*", "by query", "a+b", ("/a+b*", "/a%2Bb*")),
    Case(
        "Paths: + in a directory",
        "website",
        "c+/index.html",
        ("/c+/index.html", "/c%2B/index.html", "/c+/", "/c%2B/", "/c+", "/c%2B"),
    ),
    Case("Paths: + before ~", "plain", "a+b~c", ("/a+b*", "/a%2Bb*")),
    Case(
        "Paths: 4,000 characters in every form",
        "plain",
        "+" * 2000,
        ("/" + "+" * 1332 + "*", "/" + "%2B" * 1332 + "*"),
    ),
    Case("behavior_rules: decoded or encoded", "first wins", "img/a+b", ("/img/a+b", "/img/a%2Bb")),
    # Path-style hosts, and the OriginPath as a URL holds it.
    Case("Distributions: path-style origins", "path style", "a.html", ("/a.html",)),
    Case("Distributions: path-style origins", "path style", "b/a.html", ("/b/a.html",)),
    Case("Distributions: path-style origins with a folder", "path style below", "site/a.html", ("/a.html",)),
    Case("Distributions: path-style origins with a folder", "path style below", "a.html", ()),
    Case("Distributions: a path-style bucket is not its prefix", "path style of another", "a.html", ()),
    Case("Distributions: no bucket in the OriginPath", "path style of any", "b/a.html", ()),
    Case("issue 16: OriginPath with %20", "escaped origin path", "my site/a.html", ("/a.html",)),
    Case("issue 16: OriginPath with %20", "escaped origin path", "my%20site/a.html", ()),
    # Nothing is cached.
    Case("Distributions: Managed-CachingDisabled", "not cached", "index.html", ()),
    Case("Distributions: Managed-CachingDisabled", "not cached", "a/b c~d", ()),
    Case("Distributions: MaxTTL 0", "legacy not cached", "a.html", ()),
    Case("Distributions: MaxTTL 1", "legacy cached a second", "a.html", ("/a.html",)),
    Case("Distributions: only where disabled", "partly not cached", "live/a", ()),
    Case("Distributions: only where disabled", "partly not cached", "a", ("/a",)),
    Case("Distributions: a function where nothing is cached", "not cached and rewriting", "a", ()),
    # Error pages.
    Case("Error pages: /* for the default behavior", "spa", "index.html", ("/index.html", "/", "/*")),
    Case("Error pages: another object is none", "spa", "app/index.html", ("/app/index.html",)),
    Case("Error pages: another object is none", "spa", "main.js", ("/main.js",)),
    Case("issue 16: no longer than ErrorPageSeconds", "spa of a second", "index.html", ("/index.html", "/")),
    Case("Error pages: 10 s by default", "spa of ten seconds", "index.html", ("/index.html", "/")),
    Case("issue 16: over ErrorPageSeconds", "spa of thirty seconds", "index.html", ("/index.html", "/")),
    Case(
        "issue 16: 0 is always",
        "spa of a second",
        "index.html",
        ("/index.html", "/", "/*"),
        settings=ALL_ERROR_PAGES,
    ),
    Case("issue 16: over ErrorPageSeconds", "spa", "index.html", ("/index.html", "/"), settings=PATIENT),
    Case("issue 16: in the OriginPath", "spa below", "site/index.html", ("/index.html", "/", "/*")),
    Case("issue 16: a page outside the OriginPath", "spa below", "index.html", ()),
    Case(
        "Error pages: / is the root object",
        "spa with the root as its page",
        "index.html",
        ("/index.html", "/", "/*"),
    ),
    Case(
        "issue 16: the behaviors that lead here",
        "shop",
        "errors/404.html",
        ("/errors/404.html", "/errors/*", "/shop/*"),
    ),
    Case(
        "Error pages: the page's path is escaped",
        "shop",
        "errors/a b.html",
        ("/errors/a%20b.html", "/errors/a+b.html", "/errors/*", "/shop/*"),
    ),
    Case("issue 16: another object below", "shop", "errors/x.html", ("/errors/x.html",)),
    Case("issue 16: a page that another origin serves", "error page elsewhere", "errors/404.html", ()),
    Case(
        "Error pages: kept though the page is not",
        "error page not cached itself",
        "404.html",
        ("/404.html", "/*"),
    ),
    Case(
        "Error pages: kept where caching is disabled",
        "spa not cached",
        "index.html",
        ("/index.html", "/", "/*"),
    ),
    Case("Error pages: a 404 kept where caching is disabled", "errors of a day, not cached", "a", ("/a",)),
    Case(
        "Error pages: soon forgotten where caching is disabled",
        "spa of a second, not cached",
        "index.html",
        (),
    ),
    Case(
        "Error pages: configured without its slash",
        "error page without a slash",
        "404.html",
        ("/404.html", "/*"),
    ),
    Case("Error pages: the origin's own answer", "errors without a page", "404.html", ("/404.html",)),
    Case(
        "Error pages: a website's document",
        "website keeping its errors",
        "404.html",
        ("/404.html", "/*"),
        settings=ERROR_DOCUMENT,
    ),
    Case(
        "Error pages: a website's document is named", "website keeping its errors", "404.html", ("/404.html",)
    ),
    Case("Error pages: 10 s by default", "website", "404.html", ("/404.html",), settings=ERROR_DOCUMENT),
    Case("issue 16: 0 is always", "website", "404.html", ("/404.html", "/*"), settings=ERROR_DOCUMENT_ALWAYS),
    Case(
        "issue 16: 0 is always",
        "website with another page",
        "404.html",
        ("/404.html",),
        settings=ERROR_DOCUMENT_ALWAYS,
    ),
    Case(
        "Error pages: a REST endpoint has no document",
        "plain",
        "404.html",
        ("/404.html",),
        settings=ERROR_DOCUMENT_ALWAYS,
    ),
    # Clean URLs.
    Case("issue 16: CleanUrls auto", "clean", "about.html", ("/about.html", "/about")),
    Case("issue 16: CleanUrls auto", "clean at the origin", "about.html", ("/about.html", "/about")),
    Case("issue 16: CleanUrls auto", "plain", "about.html", ("/about.html",), settings=RoutingSettings()),
    Case(
        "issue 16: CleanUrls always", "plain", "about.html", ("/about.html", "/about"), settings=ALWAYS_CLEAN
    ),
    Case("issue 16: CleanUrls never", "clean", "about.html", ("/about.html",), settings=NEVER_CLEAN),
    Case("issue 16: index documents stay", "clean", "index.html", ("/index.html", "/"), INDEX),
    Case(
        "issue 16: index documents stay",
        "clean",
        "docs/index.html",
        ("/docs/index.html", "/docs/", "/docs"),
        INDEX,
    ),
    Case("issue 16: a dynamic route", "clean", "blog/[slug].html", ("/blog/%5Bslug%5D.html", "/blog/*")),
    Case("issue 16: a dynamic route", "clean", "[...all].html", ("/%5B...all%5D.html", "/*")),
    Case("issue 16: a dynamic folder", "clean", "[lang]/about.html", ("/%5Blang%5D/about.html", "/*")),
    Case(
        "issue 16: a dynamic route's index",
        "clean",
        "t/[id]/index.html",
        ("/t/%5Bid%5D/index.html", "/t/%5Bid%5D/", "/t/%5Bid%5D", "/t/*"),
        INDEX,
    ),
    Case("issue 16: a route's script is no page", "clean", "js/[slug]-1a2b.js", ("/js/%5Bslug%5D-1a2b.js",)),
    Case("issue 16: only pages are clean", "clean", "a.css", ("/a.css",)),
    Case("issue 16: a name of nothing but .html", "clean", "d/.html", ("/d/.html",)),
    Case(
        "issue 16: clean and encoded",
        "clean",
        "über uns.html",
        ("/%C3%BCber%20uns.html", "/%C3%BCber+uns.html", "/%C3%BCber%20uns", "/%C3%BCber+uns"),
    ),
    Case(
        "issue 16: a clean URL's queries",
        "clean by query",
        "about.html",
        ("/about.html*", "/about", "/about?*"),
    ),
    Case("issue 16: where a function runs", "clean in part", "docs/a.html", ("/docs/a.html", "/docs/a")),
    Case("issue 16: where no function runs", "clean in part", "a.html", ("/a.html",)),
    Case("issue 16: a function of another origin", "clean elsewhere", "a.html", ("/a.html",)),
    Case("issue 16: below the OriginPath", "clean below", "site/a.html", ("/a.html", "/a")),
    # The root object in a folder.
    Case(
        "issue 16: install/index.html answers /install/",
        "install",
        "install/index.html",
        ("/install/index.html", "/", "/install/"),
    ),
    Case(
        "issue 16: with its index document",
        "install",
        "install/index.html",
        ("/install/index.html", "/", "/install/", "/install"),
        INDEX,
    ),
    Case("issue 16: through the behaviors", "install elsewhere", "install/a.htm", ("/install/a.htm", "/")),
    Case("issue 16: // as README and code say", "by query", "a//b", ("/a//b*",)),
]
