import { mount } from "svelte";
import "./app.css";
import Wall from "./Wall.svelte";
import { arcMinute } from "./lib/stage";
import { start } from "./lib/wall.svelte";

const query = new URLSearchParams(location.search);
document.documentElement.style.setProperty("--a", `${arcMinute(query.get("diag"), query.get("dist"))}px`);

const target = document.getElementById("wall");
if (target === null) throw new Error("index.html has no #wall");
mount(Wall, { target, props: { wall: start(query.get("region")) } });
