{% if cookies_wanted %}
{% include "measure_cookies.js" %}
function openTool(open) {
  const wanted = {{ cookies_wanted | tojson }};
  measureCookies({{ tool_address | tojson }}).then(found => {
    if (found === wanted) return open();
    const told = document.createElement("p");
    told.setAttribute("role", "alert");
    told.className = "error";
    told.textContent = `Not opened: the setting emulator.third_party_cookies is {{ cookies_choice }}, but in a frame of ` +
      `the tool's site this browser does ${found} (${wanted} is wanted).`;
    document.querySelector("main").prepend(told);
  });
}
{% else %}
const openTool = open => open();
{% endif %}
