// What Canvas's page does with messages of the tool in its frame.
(function () {
  const frame = document.getElementById("tool_content");
  const tool = {{ tool_origins | tojson }};
  const forwarding = document.getElementById("post_message_forwarding");
  const store = {{ storage | tojson }};
  const MOST_KEYS = 500, MOST_CHARACTERS = 4096;
  const STORED = ["lti.put_data", "lti.get_data"];
  let unload = null, scrolling = null;

  const cell = (origin, key) => `lti|platform_storage|${origin}|${key}`;
  const error = (code, message) => ({ error: { code, message } });

  function missing(data, names) {
    const absent = names.find(name => data[name] === undefined || data[name] === "" || (name !== "value" && data[name] === null));
    return absent && error("bad_request", `Message is missing required field '${absent}'`);
  }

  function put(data, origin) {
    const absent = missing(data, ["key", "message_id"]);
    if (absent) return absent;
    const name = cell(origin, data.key);
    if (data.value === null || data.value === undefined) {
      localStorage.removeItem(name);
      return { key: data.key, value: null };
    }
    const used = Object.keys(localStorage).filter(one => one.startsWith(cell(origin, "")));
    const text = String(data.value);
    if (text.length > MOST_CHARACTERS || (!used.includes(name) && used.length >= MOST_KEYS))
      return error("storage_exhaustion", "Reached storage limit");
    localStorage.setItem(name, text);
    return { key: data.key, value: data.value };
  }

  function get(data, origin) {
    return missing(data, ["key", "message_id"]) || { key: data.key, value: localStorage.getItem(cell(origin, data.key)) };
  }

  // Where Canvas opens what a tool asks to have in a whole window.
  function wholeWindow(asked) {
    const target = new URL(asked.url), launch = new URL({{ launch_by_url | tojson }});
    const further = {
      client_id: target.searchParams.get("client_id"), placement: asked.placement,
      assignment_id: target.searchParams.get("assignment_id"), resource_link_id: asked.resource_link_id,
    };
    target.searchParams.append("platform_redirect_url", window.location);
    target.searchParams.append("full_win_launch_requested", "1");
    launch.searchParams.append("display", asked.display || "borderless");
    launch.searchParams.append("url", target);
    Object.entries(further).forEach(([name, value]) => value && launch.searchParams.append(name, value));
    return launch.href;
  }

  const handlers = {
    "lti.capabilities": () => ({
      supported_messages: Object.keys(handlers)
        .filter(subject => store || !STORED.includes(subject))
        .map(subject => STORED.includes(subject) ? { subject, frame: "post_message_forwarding" } : { subject }),
    }),
    "lti.put_data": put,
    "lti.get_data": get,
    "lti.frameResize": data => {
      const height = Number.parseFloat(data.height);
      if (!(height > 0)) return error("bad_request", "Message is missing required field 'height'");
      frame.style.height = `${height}px`;
    },
    "lti.fetchWindowSize": () => ({
      height: window.innerHeight, width: window.innerWidth, offset: frame.offsetTop, footer: 0, scrollY: window.scrollY,
    }),
    "lti.scrollToTop": () => window.scrollTo(0, frame.offsetTop),
    "lti.showAlert": data => tell(data.body, data.alertType || "success"),
    "lti.screenReaderAlert": data => tell(data.body, "status"),
    "lti.setUnloadMessage": data => {
      unload = event => { event.preventDefault(); event.returnValue = data.message || ""; };
      window.addEventListener("beforeunload", unload);
    },
    "lti.removeUnloadMessage": () => { window.removeEventListener("beforeunload", unload); unload = null; },
    "lti.enableScrollEvents": () => {
      scrolling = scrolling || window.addEventListener("scroll", () => {
        frame.contentWindow.postMessage({ subject: "lti.scroll", scrollY: window.scrollY }, "*");
      }) || true;
    },
    "lti.showModuleNavigation": data => { document.body.dataset.moduleNavigation = data.show ? "shown" : "hidden"; },
    "lti.hideRightSideWrapper": () => { document.body.dataset.rightSide = "hidden"; },
    "lti.resourceImported": () => { document.body.dataset.resourceImported = "true"; },
    "showNavigationMenu": () => { document.body.dataset.navigationMenu = "shown"; },
    "hideNavigationMenu": () => { document.body.dataset.navigationMenu = "hidden"; },
    "toggleCourseNavigationMenu": () => {
      document.body.dataset.courseNavigation = document.body.dataset.courseNavigation === "hidden" ? "shown" : "hidden";
    },
    "requestFullWindowLaunch": data => {
      const asked = typeof data.data === "string" ? { url: data.data } : data.data || {};
      if (typeof asked.url !== "string" || !URL.canParse(asked.url))
        return error("bad_request", "Message is missing required field 'data'");
      const kind = asked.launchType || "same_window", { width = 800, height = 600 } = asked.launchOptions || {};
      const places = {
        popup: ["popupLaunch", `toolbar=no,menubar=no,location=no,status=no,resizable,scrollbars,width=${width},height=${height}`],
        new_window: ["newWindowLaunch"],
        same_window: ["_self"],
      };
      if (!Object.hasOwn(places, kind))
        return error("bad_request", "unknown launchType, must be 'popup', 'new_window', 'same_window'");
      window.open(wholeWindow(asked), ...places[kind]);
    },
    "lti.getPageContent": () => {
      if (!{{ reads_content | tojson }}) return { error: { code: "unauthorized" } };
      return { content: [...document.querySelectorAll("[data-lti-page-content]")].map(one => one.outerHTML).join("") };
    },
    "lti.getPageSettings": () => ({ pageSettings: {
      locale: document.documentElement.lang, time_zone: {{ time_zone | tojson }}, use_high_contrast: {{ high_contrast | tojson }},
      active_brand_config_json_url: {{ brand | tojson }}, window_width: window.innerWidth,
    } }),
  };

  // What Canvas's own pages say from within the frame, when the tool has come back to them.
  const leave = () => window.location.assign({{ back | tojson }});
  const own = {
    externalContentReady: leave,
    externalContentCancel: leave,
    LtiDeepLinkingResponse: data => {
      frame.hidden = true;
      tell(data.errormsg || data.msg || `${data.content_items.length} item(s) chosen`, data.errormsg ? "error" : "success");
    },
  };

  function tell(text, kind) {
    const shown = document.createElement("p");
    shown.setAttribute("role", kind === "error" ? "alert" : "status");
    shown.className = `flash-${kind}`;
    shown.textContent = text || "";
    document.querySelector("main").prepend(shown);
  }

  window.addEventListener("message", event => {
    let data = event.data;
    if (typeof data === "string") { try { data = JSON.parse(data); } catch { return; } }
    if (!data || typeof data !== "object" || typeof data.subject !== "string" || data.subject.endsWith(".response")) return;
    if (event.origin === window.location.origin && Object.hasOwn(own, data.subject)) return own[data.subject](data);
    const relayed = forwarding !== null && event.source === forwarding.contentWindow;
    const origin = relayed ? data.toolOrigin : event.origin;
    const answer = result => {
      const { toolOrigin, token, ...rest } = { toolOrigin: origin, ...result };
      const body = { subject: `${data.subject}.response`, message_id: data.message_id, ...rest };
      event.source.postMessage(relayed ? { ...body, toolOrigin: origin } : body, event.origin);
    };
    const handler = handlers[data.subject];
    if (handler === undefined || (!store && STORED.includes(data.subject)))
      return answer(error("unsupported_subject", "Not supported"));
    if (relayed && !STORED.includes(data.subject) && data.subject !== "lti.capabilities")
      return answer(error("wrong_origin", "Origin mismatch. Ensure frame and target origin are correct."));
    if (data.subject !== "lti.capabilities" && !tool.includes(origin))
      return answer(error("unauthorized", "Not authorized"));
    answer(handler(data, origin) || {});
  });
})();
