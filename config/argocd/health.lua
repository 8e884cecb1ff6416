-- SPDX-FileCopyrightText: The Mainstay Authors
-- SPDX-License-Identifier: Apache-2.0

-- Health of Mainstay's objects for Argo CD. It follows Ready, the gate for rollouts: an outage of a provider
-- degrades no application, and what the owner can mend does. The message is that of Healthy, the verdict.

-- What these wait for may be applied later, in any order.
local waiting = {
  SecretNotFound = true,
  SecretKeyMissing = true,
  ConsentMissing = true,
  CANotFound = true,
  MemberNotFound = true,
  TooFewMembers = true,
  NoAccessCheck = true,
  NoAIProvider = true,
  NoAuthProvider = true,
  NoEmailProvider = true,
  NoPublicAPI = true,
  NoStripeAccount = true,
  NoWebhookEndpoint = true,
}

local hs = { status = "Progressing", message = "Mainstay has not judged this version yet." }
local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return hs
end

local found = {}
for _, condition in ipairs(status.conditions) do
  found[condition.type] = condition
end
local ready, healthy = found.Ready, found.Healthy
if ready == nil or healthy == nil then
  return hs
end

hs.message = healthy.reason .. ": " .. healthy.message
if obj.spec ~= nil and obj.spec.suspend then
  hs.status = "Suspended"
elseif found.Stalled ~= nil and found.Stalled.status == "True" then
  hs.status = "Degraded"
elseif ready.status == "True" then
  hs.status = "Healthy"
  if ready.reason == "Unproven" then
    hs.message = "Unproven. " .. hs.message
  end
elseif ready.status == "False" and not waiting[ready.reason] then
  hs.status = "Degraded"
end
return hs
