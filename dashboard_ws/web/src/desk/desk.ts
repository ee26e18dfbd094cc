import { mount } from "svelte";
import "./desk.css";
import Desk from "./Desk.svelte";

const target = document.getElementById("desk");
if (target === null) throw new Error("desk.html has no #desk");
mount(Desk, { target });
