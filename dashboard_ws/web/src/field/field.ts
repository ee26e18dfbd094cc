import { mount } from "svelte";
import "./field.css";
import Field from "./Field.svelte";
import { Phone } from "./phone.svelte";

const target = document.getElementById("field");
if (target === null) throw new Error("field.html has no #field");
const phone = new Phone();
target.replaceChildren();
mount(Field, { target, props: { phone } });
void phone.start();
