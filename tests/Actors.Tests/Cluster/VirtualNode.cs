using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>A node as the coordinator sees it: answers orders, computes nothing, but knows which unit's state of which step it holds. Which steps are not finite is a property of the step alone.</summary>
internal sealed class VirtualNode(NodeIdentity identity, Func<long, bool> isFinite, bool unfit = false)
{
    private readonly Dictionary<int, (long Step, bool Reduced)> live = [], copies = [];
    private int epoch;
    private long step;
    private int index, nodes;
    private bool quiet = true;
    private DecidedUpdate? decided;

    public NodeIdentity Identity => identity;

    /// <summary>It has another text than the run and can take no part in it.</summary>
    public bool IsUnfit => unfit;

    /// <summary>ST-1: whether it holds the unit's state of <paramref name="target"/>, or what leads there.</summary>
    public bool Reaches(UnitSource source, long target, DecidedUpdate? redo) => (source.Rung == RestoreRung.Peer ? copies : live).TryGetValue(source.Unit, out (long Step, bool Reduced) held)
        && (held.Step == target || (held.Reduced && redo is not null && held.Step == redo.Step && redo.Step + 1 == target));

    /// <summary>An actor fails in the middle of its update: a unit is torn. Not once the node has said what it holds: from then on nothing is updated there.</summary>
    public void Tear(int unit)
    {
        if (!quiet && live.ContainsKey(unit))
        {
            live[unit] = (-1, false);
        }
    }

    /// <summary>What the node answers to one order of the coordinator.</summary>
    public IEnumerable<Input> On(IControlMessage order)
    {
        switch (order)
        {
            case GetReady m:
                return [new Input.JoinerReady(new NodeReady(m.RunKey, identity.Incarnation, unfit ? "another text" : null, unfit ? FailureCause.Data : FailureCause.None))];
            case AskHoldings m when m.Epoch > epoch:
                quiet = true;
                return [new Input.Held(new Holdings(m.Epoch, identity.Incarnation, List(live), List(copies), decided))];
            case PrepareEpoch m when m.Epoch > epoch && unfit:
                epoch = m.Epoch;
                return [new Input.Prepared(new EpochPrepared(epoch, identity.Incarnation, "another text", 0, 0, []) { Cause = FailureCause.Data })];
            case PrepareEpoch m when m.Epoch > epoch:
                Prepare(m);
                var ready = new Input.Prepared(new EpochPrepared(epoch, identity.Incarnation, null, 1, 1, []));
                return m.Save is null ? [ready] : [ready, new Input.Persisted(new SnapshotPersisted(epoch, step, identity.Incarnation, "{}", 10, 1, 0, null))];
            case StartSteps m when m.Epoch == epoch && !quiet:
                Assert.Equal(step, m.Step);
                return [Report()];
            case StepDecision m when m.Epoch == epoch && !quiet:
                Assert.Equal(step, m.Step);
                step++;
                decided = m.Update;
                All(live, (step, false));
                All(copies, (step, false));
                var answers = new List<Input>();
                if (m.Checkpoint is not null)
                {
                    answers.Add(new Input.Persisted(new SnapshotPersisted(epoch, step, identity.Incarnation, "{}", 10, 1, 0, null)));
                }

                answers.Add(m.After == AfterStep.Continue ? Report() : new Input.Applied(new StepApplied(epoch, m.Step, identity.Incarnation)));
                return answers;
            case EvaluateState m when m.Epoch == epoch && !quiet:
                Assert.Equal(step, m.Step);
                return [new Input.Evaluated(new EvaluationReport(epoch, step, identity.Incarnation, [Rank(2)]))];
            default:
                return [];
        }
    }

    private void Prepare(PrepareEpoch m)
    {
        (epoch, step, nodes, quiet) = (m.Epoch, m.RestoreStep, m.Nodes.Count, false);
        index = m.Nodes.ToList().FindIndex(n => n.Incarnation == identity.Incarnation);
        RunSpec spec = RunSpec.FromJson(m.SpecJson);
        IReadOnlyList<UnitId> units = UnitOrder.All(spec.Model, spec.Layout);
        int NodeOf(int unit) => m.NodeOfRank[UnitOrder.OwnerRank(spec.Layout, units[unit])];
        HashSet<int> owners = [.. CopyPlacement.Plan(spec.Copies, m.Nodes).OwnersAt(index)];
        live.Clear();
        foreach (int unit in Enumerable.Range(0, units.Count).Where(u => NodeOf(u) == index))
        {
            live[unit] = (step, false);
        }

        foreach (int unit in copies.Keys.Where(u => !owners.Contains(NodeOf(u)) || copies[u].Step != step).ToArray())
        {
            copies.Remove(unit);
        }

        // Still to come from their owners: complete when the first step is reported.
        foreach (int unit in Enumerable.Range(0, units.Count).Where(u => owners.Contains(NodeOf(u)) && !copies.ContainsKey(u)))
        {
            copies[unit] = (-1, false);
        }
    }

    private static void All(Dictionary<int, (long Step, bool Reduced)> of, (long Step, bool Reduced) value)
    {
        foreach (int unit in of.Keys.ToArray())
        {
            of[unit] = value;
        }
    }

    private static UnitHolding[] List(Dictionary<int, (long Step, bool Reduced)> of) => [.. of.Select(u => new UnitHolding(u.Key, u.Value.Step, u.Value.Reduced))];

    private Input.Reported Report()
    {
        All(live, (step, true));
        All(copies, (step, true));

        // Each node holds one rank's worth of work: enough for the machine, which counts nodes.
        double loss = isFinite(step) ? 3 : double.NaN;
        return new Input.Reported(new StepReport(epoch, step, identity.Incarnation, [Rank(loss)], [new UnitReport(index, 1.0 / nodes)], 0));
    }

    private RankReport Rank(double loss) => new(index, loss * 10, 10, 1, 1);
}
