using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Sees everything and believes nothing: holds the invariants of the design at every event.</summary>
internal sealed class SimOracle(SimWorld world)
{
    private readonly IReadOnlyList<Dictionary<SimPart, SimState>> reference = world.Layout.Reference();
    private readonly Dictionary<(SimPart Part, long Step), Dictionary<int, SimState>> computed = [];
    private readonly Dictionary<(SimPart Part, long Step), (int Epoch, SimState State)> surviving = [];
    private readonly HashSet<(int Epoch, long Step, string Node)> reported = [];
    private readonly HashSet<(int Epoch, long Step)> decided = [];
    private readonly Dictionary<SimProcess, int> open = [];
    private readonly HashSet<(string Incarnation, int Unit)> torn = [];
    private LastDecision? last;
    private int epoch;

    /// <summary>The newest decision: of which epoch, by whom, who took part.</summary>
    private sealed record LastDecision(long Step, SimProcess By, Placement Placement);

    /// <summary>How the run ended; null while it lives.</summary>
    public string? Outcome { get; private set; }

    /// <summary>Token of the newest coordinator that took the run's folder over.</summary>
    public long NewestFence { get; private set; }

    /// <summary>Token of the coordinator that is publishing at this moment.</summary>
    public long? PublishingFence { get; private set; }

    /// <summary>Decided steps, repeated ones included.</summary>
    public int Decisions => decided.Count;

    /// <summary>Epochs begun.</summary>
    public int Epochs => epoch;

    /// <summary>Decided steps that recoveries took back.</summary>
    public long TakenBack { get; private set; }

    /// <summary>Epochs that went on from what the nodes hold in memory.</summary>
    public int FromMemory { get; private set; }

    /// <summary>State of a unit, or of a copy of it, is gone on a node until it is restored or copied anew: an update failed in the middle.</summary>
    public void Torn(SimProcess process, int unit) => torn.Add((process.Identity.Incarnation, unit));

    public void Opened(SimProcess process, int current) => open[process] = current;

    public void Closed(SimProcess process) => open.Remove(process);

    public void Reported(StepReport report) => reported.Add((report.Epoch, report.Step, report.Node));

    public void TookOver(long fence) => NewestFence = Math.Max(NewestFence, fence);

    public void Publishing(long? fence) => PublishingFence = fence;

    /// <summary>A unit was updated in place: EP-1, and DT-1 against the undisturbed run.</summary>
    public void Updated(SimProcess process, int at, long step, SimUnit unit)
    {
        SimViolation.Unless(open.TryGetValue(process, out int current) && current == at, "EP-1", () => $"{process.Identity.Incarnation} updates {unit.Id} in epoch {at}, which it has left");
        SimViolation.Unless(decided.Contains((at, step)), "ST-1", () => $"{unit.Id} is updated by step {step} of epoch {at}, which was not decided");
        Computed(at, step, unit, "update");
    }

    /// <summary>ST-1: a unit that missed a decision has taken the update it missed.</summary>
    public void Rolled(int at, long step, SimUnit unit)
    {
        SimViolation.Unless(world.Setup.IsExact ? decided.Any(d => d.Step == step) : decided.Contains((at, step)), "ST-1", () => $"{unit.Id} is rolled forward by step {step} of epoch {at}, which was not decided");
        Computed(at, step, unit, "roll-forward");
    }

    /// <summary>RC-1: a copy is, bit for bit, the unit that it is the copy of.</summary>
    public void Copied(SimProcess process, SimCopy copy)
    {
        torn.Remove((process.Identity.Incarnation, copy.Ordinal));
        for (int i = 0; i < copy.Content.Parts.Count; i++)
        {
            Exact(copy.Content.Parts[i], copy.Step, copy.Content[i], $"copy on {process.Identity.Incarnation}");
        }
    }

    /// <summary>All of a device is the state of the next step: the dense weights are the same everywhere.</summary>
    public void StepDone(SimProcess process, int at, long step, SimStore store)
    {
        for (int r = 0; r < store.Dense.Length; r++)
        {
            var part = new SimPart(UnitId.Dense(r), -1);
            SimViolation.Unless(
                computed.TryGetValue((part, step + 1), out Dictionary<int, SimState>? states) && states.TryGetValue(at, out SimState owners) && owners.Chain == store.Dense[r],
                "DT-1", () => $"{process.Identity.Incarnation}: dense range {r} after step {step} is not its owner's");
        }
    }

    /// <summary>RC-1: exact mode restores the undisturbed state of the recovery point; bounded-stale mode the dense part of it and no expert newer.</summary>
    public void Restored(SimProcess process, PrepareEpoch m, SimStore store, bool live)
    {
        foreach (SimUnit unit in store.Units)
        {
            torn.Remove((process.Identity.Incarnation, unit.Ordinal));
            SimViolation.Unless(unit.Step == m.RestoreStep, "RC-1", () => $"{process.Identity.Incarnation}: {unit.Id} is of step {unit.Step}, epoch {m.Epoch} begins at {m.RestoreStep}");
            for (int i = 0; i < unit.Content.Parts.Count; i++)
            {
                (SimPart part, SimState state) = (unit.Content.Parts[i], unit.Content[i]);
                if (world.Setup.IsExact)
                {
                    Exact(part, m.RestoreStep, state, live ? "live state" : "restore");
                }
                else if (part.Expert < 0 || live)
                {
                    SimViolation.Unless(Computed(part, m.RestoreStep).Contains(state), "RC-1", () => $"{process.Identity.Incarnation}: {part} is not that of step {m.RestoreStep}");
                }
                else
                {
                    SimViolation.Unless(
                        Enumerable.Range(0, (int)m.RestoreStep + 1).Any(v => Computed(part, v).Contains(state)),
                        "RC-1", () => $"{process.Identity.Incarnation}: {part} is of no step up to the recovery point {m.RestoreStep}");
                }

                Survives(part, m.RestoreStep, m.Epoch, state);
            }
        }

        for (int r = 0; r < store.Dense.Length; r++)
        {
            SimViolation.Unless(
                Computed(new SimPart(UnitId.Dense(r), -1), m.RestoreStep).Any(s => s.Chain == store.Dense[r]), "RC-1", () => $"{process.Identity.Incarnation}: dense range {r} is not that of step {m.RestoreStep}");
        }
    }

    /// <summary>One input's work in the coordinator.</summary>
    public void Stepped(SimProcess by, CoordinatorState before, Input input, CoordinatorState after, IReadOnlyList<Effect> effects)
    {
        int? of = input switch
        {
            Input.Held e => e.Message.Epoch - 1,
            Input.Prepared e => e.Message.Epoch,
            Input.Reported e => e.Message.Epoch,
            Input.Applied e => e.Message.Epoch,
            Input.Evaluated e => e.Message.Epoch,
            Input.ActorFailed e => e.Message.Epoch,
            Input.Progressed e => e.Message.Epoch,
            _ => null,
        };
        SimViolation.Unless(of is null || of == before.Epoch || (ReferenceEquals(before, after) && effects.Count == 0), "EP-1", () => $"{input.GetType().Name} of epoch {of} changes something in epoch {before.Epoch}");
        foreach (DecidedStep step in effects.OfType<Effect.RecordStep>().Select(e => e.Step))
        {
            SimViolation.Unless(decided.Add((step.Epoch, step.Step)), "ST-1", () => $"step {step.Step} of epoch {step.Epoch} is decided twice");
            SimViolation.Unless(
                before.Participants.All(n => reported.Contains((step.Epoch, step.Step, n.Incarnation))), "ST-1", () => $"step {step.Step} of epoch {step.Epoch} is decided without all reports");
            last = new LastDecision(step.Step, by, before.Placement!);
            SimViolation.Unless(step.Skipped == world.Setup.NotFinite.Contains(step.Step), "ST-1", () => $"step {step.Step} is {(step.Skipped ? "" : "not ")}skipped");
        }

        if (after.Phase is RunPhase.Preparing or RunPhase.Running or RunPhase.Applying or RunPhase.Saving or RunPhase.Evaluating or RunPhase.Finishing)
        {
            SimViolation.Unless(after.Ledger.Steps == after.Step && IsExact(after.Ledger), "DA-1", () => $"the ledger of {after.Ledger.Steps} steps, skipped {string.Join(",", after.Ledger.SkippedSteps)}, at step {after.Step}");
        }
    }

    public void Journaled(SimProcess by, JournalEntry entry)
    {
        switch (entry)
        {
            case JournalEntry.EpochBegan e:
                SimViolation.Unless(e.Epoch > epoch, "EP-1", () => $"epoch {e.Epoch} begins after epoch {epoch}");
                epoch = e.Epoch;
                GoesOn(by, e);
                break;
            case JournalEntry.RunEnded e:
                // Durable: so it ended, though the coordinator may die before it has told anybody.
                Outcome ??= e.Outcome;
                break;
            case JournalEntry.CheckpointPublished e:
                var ledger = SampleLedger.FromJson(e.LedgerJson);
                SimViolation.Unless(ledger.Steps == e.Step && IsExact(ledger), "DA-1", () => $"checkpoint {e.Step} has a ledger of {ledger.Steps} steps");
                break;
        }
    }

    /// <summary>The state of a part after so many steps of the surviving history; null when it never was.</summary>
    public SimState? At(SimPart part, long step) => step == 0 ? world.Layout.Initial(part)
        : world.Setup.IsExact ? reference[(int)step][part]
        : surviving.TryGetValue((part, step), out (int Epoch, SimState State) known) ? known.State : null;

    /// <summary>
    /// RC-1: an epoch goes on from the last decided step where each unit is still held by its owner or by a node that had its copy when the step was decided; one that another coordinator begins may not know
    /// of the last decision.
    /// </summary>
    private void GoesOn(SimProcess by, JournalEntry.EpochBegan e)
    {
        if (last is null)
        {
            return;
        }

        long back = last.Step + 1 - e.RestoreStep;
        TakenBack += Math.Max(0, back);
        FromMemory += world.Setup.Spec.IsExact && back <= 0 ? 1 : 0;
        if (world.Setup.Spec.Copies > 0)
        {
            CopyPlan plan = CopyPlacement.Plan(world.Setup.Spec.Copies, last.Placement.Nodes);
            IReadOnlyList<UnitId> units = world.Layout.Order.Units;
            bool Holds(int node, int unit)
            {
                string incarnation = last.Placement.Nodes[node].Incarnation;
                return !torn.Contains((incarnation, unit)) && e.Nodes.Any(n => n.Incarnation == incarnation) && !world.Processes[incarnation].IsDead;
            }

            bool all = Enumerable.Range(0, units.Count).All(u =>
            {
                int owner = last.Placement.NodeOfRank[world.Layout.Order.OwnerRank(units[u])];
                return Holds(owner, u) || plan.HostsOf[owner].Any(h => Holds(h, u));
            });
            SimViolation.Unless(
                !all || back <= (by == last.By ? 0 : 1), "RC-1", () => $"epoch {e.Epoch} takes {back} decided steps back: step {last.Step} was decided, all of its units are held, it begins at {e.RestoreStep}");
        }

        // What was decided after the recovery point is no more.
        last = back > 0 ? null : last;
    }

    private void Computed(int at, long step, SimUnit unit, string how)
    {
        for (int i = 0; i < unit.Content.Parts.Count; i++)
        {
            (SimPart part, SimState state) = (unit.Content.Parts[i], unit.Content[i]);
            if (world.Setup.IsExact)
            {
                Exact(part, step + 1, state, how);
            }

            if (!computed.TryGetValue((part, step + 1), out Dictionary<int, SimState>? states))
            {
                computed.Add((part, step + 1), states = []);
            }

            SimViolation.Unless(states.TryAdd(at, state), "ST-1", () => $"step {step} of epoch {at} is applied to {part} twice");
            Survives(part, step + 1, at, state);
        }
    }

    // In bounded-stale mode the same step has another state in each history.
    private SimState[] Computed(SimPart part, long step) => step == 0 ? [world.Layout.Initial(part)]
        : world.Setup.IsExact ? [reference[(int)step][part]]
        : computed.TryGetValue((part, step), out Dictionary<int, SimState>? states) ? [.. states.Values] : [];

    private void Survives(SimPart part, long step, int at, SimState state)
    {
        if (!surviving.TryGetValue((part, step), out (int Epoch, SimState State) known) || known.Epoch <= at)
        {
            surviving[(part, step)] = (at, state);
        }
    }

    /// <summary>DA-1: these steps, each once, and those skipped that are not finite.</summary>
    public bool IsExact(SampleLedger ledger) => ledger.SkippedSteps.SequenceEqual(world.Setup.NotFinite.Where(s => s < ledger.Steps).Order());

    private void Exact(SimPart part, long step, SimState state, string how) => SimViolation.Unless(
        reference[(int)step][part] == state, "RC-1", () => $"{part} after step {step} ({how}) is not that of the undisturbed run");
}
