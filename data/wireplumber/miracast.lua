-- SPDX-License-Identifier: LGPL-2.1-or-later
--
-- Moves the default output to a display that connects, and back. For WirePlumber 0.4 and 0.5.
--
-- The sound card of a display is a device whose name begins with "alsa_card.miracast-"
-- (79-miracast-sound.rules); the node that plays on it, its output, is named after the device and the
-- profile: "alsa_output.miracast-Living_room_TV-0a1b2c3d.hdmi-stereo".
--
-- When the output of a display appears it becomes the configured default, as if the user had chosen
-- it, also where another one was: who connects a TV wants to hear its sound there. When it goes, what
-- was configured before is again. WirePlumber would go back by itself, but 0.5 to the output with the
-- highest priority of those that ever were configured, which need not be the one that was left.
--
-- Who makes another output the default while a display is connected has decided for that display: it
-- does not become the default again by itself, now or in later sessions, until the user has chosen it.
--
-- A display that was connected before is no new one: not when its profile changes, so that another
-- node stands for it, and not when this process has been started again.
--
-- WirePlumber's state file "miracast" keeps, by display:
--
--   declined.DISPLAY   "true": the user has moved away from it
--   before.DISPLAY     what was configured before it, empty for nothing; until it goes

local KEY = "default.configured.audio.sink"
-- The output of the display that was the default when we died may take as long to come back.
local START_MS = 5000
-- Outputs go, too, when PipeWire has died; then this process ends before that time.
local AWAY_MS = 50
-- With another profile a display has its next output sooner than that; else it has gone.
local GONE_MS = 1000

local state = State ("miracast")
local kept = state:load ()

local metadata = nil
-- Outputs that there are: display by name of the node.
local outputs = {}
-- Displays that are connected: name of their present or last output by display.
local known = {}
-- Display that was the default when its output went.
local left = nil
-- What is configured, and what we have configured ourselves and not been told yet, in its order.
local configured = nil
local ours = {}
local starting = true
-- Last output that came while another display was waited for.
local waiting = nil

-- The display of an output, nil for those of other devices.
local function display_of (name)
  return name and name:match ("^alsa_output%.(miracast%-.+)%.[^.]+$")
end

-- Name in a value of the metadata. One that has to be escaped is none of ours.
local function name_in (value)
  return value and value:match ('"name"%s*:%s*"([^"\\]*)"')
end

local function keep (key, value)
  if kept[key] ~= value then
    kept[key] = value
    state:save (kept)
  end
end

local function configure (name)
  if configured ~= name then
    table.insert (ours, name or "")
    configured = name
    if name then
      metadata:set (0, KEY, "Spa:String:JSON", '{ "name": "' .. name .. '" }')
    else
      metadata:set (0, KEY, nil, nil)
    end
  end
end

-- What was configured before a display takes its place where it was configured before another one.
local function unlink (display)
  local before = kept["before." .. display]

  for key, name in pairs (kept) do
    if key:match ("^before%.") and display_of (name) == display then
      kept[key] = before
    end
  end
  keep ("before." .. display, nil)
  return before
end

local function go_back (display)
  local before = unlink (display)

  if before and display_of (configured) == display then
    configure (before ~= "" and before or nil)
  end
end

-- A display is about to be configured, by us or by the user.
local function remember (display)
  if display_of (configured) ~= display and not (starting and kept["before." .. display]) then
    unlink (display)
    keep ("before." .. display, configured or "")
  end
end

local function take (name)
  remember (outputs[name])
  configure (name)
end

local function appeared (name)
  local display = outputs[name]
  local before = known[display]

  known[display] = name
  if before then
    if left == display or configured == before then
      left = nil
      take (name)
    end
  elseif not kept["declined." .. display] then
    if starting and display_of (configured) and not outputs[configured] then
      waiting = name
    else
      take (name)
    end
  end
end

local function started ()
  local gone = {}

  starting = false
  for key in pairs (kept) do
    local display = key:match ("^before%.(.*)")
    if display and not known[display] then
      table.insert (gone, display)
    end
  end
  for _, display in ipairs (gone) do
    go_back (display)
  end
  -- Written down before it went; what was before it has been forgotten since.
  if display_of (configured) and not known[display_of (configured)] then
    configure (nil)
  end
  if waiting and outputs[waiting] and not outputs[configured] then
    take (waiting)
  end
  return false
end

local function changed (_, subject, key, _, value)
  if subject ~= 0 or key ~= KEY then
    return
  end

  local name = name_in (value)
  local display = display_of (name)

  for i, own in ipairs (ours) do
    if own == (name or "") then
      ours = table.move (ours, i + 1, #ours, 1, {})
      return
    end
  end
  if display then
    remember (display)
  end
  configured = name
  if name then
    left = nil
    for output, other in pairs (outputs) do
      keep ("declined." .. other, name ~= output and "true" or nil)
    end
  end
end

-- Not local: they would be collected.
metadatas = ObjectManager {
  Interest {
    type = "metadata",
    Constraint { "metadata.name", "=", "default" },
  }
}
nodes = ObjectManager {
  Interest {
    type = "node",
    Constraint { "node.name", "#", "alsa_output.miracast-*", type = "pw-global" },
  }
}

nodes:connect ("object-added", function (_, node)
  local name = node.properties["node.name"]

  outputs[name] = display_of (name)
  if outputs[name] and metadata then
    appeared (name)
  end
end)
nodes:connect ("object-removed", function (_, node)
  local name = node.properties["node.name"]
  local display = outputs[name]

  outputs[name] = nil
  if not display or not metadata then
    return
  end
  left = configured == name and display or left
  Core.timeout_add (AWAY_MS, function ()
    if known[display] == name and not outputs[name] then
      go_back (display)
    end
    return false
  end)
  Core.timeout_add (GONE_MS, function ()
    if known[display] == name and not outputs[name] then
      known[display] = nil
      left = left ~= display and left or nil
    end
    return false
  end)
end)
metadatas:connect ("object-added", function (_, object)
  metadata = object
  configured = name_in ((object:find (0, KEY)))
  object:connect ("changed", changed)
  for name in pairs (outputs) do
    appeared (name)
  end
end)
metadatas:connect ("object-removed", function ()
  metadata = nil
end)

metadatas:activate ()
nodes:activate ()
Core.timeout_add (START_MS, started)
