using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;

using Input = MoeActors.Actors.Cluster.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>A node as the coordinator sees it: answers orders, computes nothing. Which steps are not finite is a property of the step alone.</summary>
internal sealed class VirtualNode(NodeIdentity identity, Func<long, bool> isFinite)
{
    private int epoch;
    private long step;
    private int index, nodes;

    public NodeIdentity Identity => identity;

    /// <summary>What the node answers to one order of the coordinator.</summary>
    public IEnumerable<Input> On(IControlMessage order)
    {
        switch (order)
        {
            case PrepareEpoch m when m.Epoch > epoch:
                (epoch, step, nodes) = (m.Epoch, m.RestoreStep, m.Nodes.Count);
                index = m.Nodes.ToList().FindIndex(n => n.Incarnation == identity.Incarnation);
                return [new Input.Prepared(new EpochPrepared(epoch, identity.Incarnation, null, 1, 1, []))];
            case StartSteps m when m.Epoch == epoch:
                Assert.Equal(step, m.Step);
                return [Report()];
            case StepDecision m when m.Epoch == epoch:
                Assert.Equal(step, m.Step);
                step++;
                var answers = new List<Input>();
                if (m.Checkpoint is not null)
                {
                    answers.Add(new Input.Persisted(new SnapshotPersisted(epoch, step, identity.Incarnation, "{}", 10, 1, 0, null)));
                }

                answers.Add(m.After == AfterStep.Continue ? Report() : new Input.Applied(new StepApplied(epoch, m.Step, identity.Incarnation)));
                return answers;
            case EvaluateState m when m.Epoch == epoch:
                Assert.Equal(step, m.Step);
                return [new Input.Evaluated(new EvaluationReport(epoch, step, identity.Incarnation, [Rank(2)]))];
            default:
                return [];
        }
    }

    private Input.Reported Report()
    {
        // Each node holds one rank's worth of work: enough for the machine, which counts nodes.
        double loss = isFinite(step) ? 3 : double.NaN;
        return new Input.Reported(new StepReport(epoch, step, identity.Incarnation, [Rank(loss)], [new UnitReport(index, 1.0 / nodes)], 0));
    }

    private RankReport Rank(double loss) => new(index, loss * 10, 10, 0, 0, 0, 1, 1);
}
