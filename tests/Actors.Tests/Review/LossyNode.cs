using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Review;

/// <summary>A node on paper that keeps the device's contract: an order is carried out once, a known one is answered with the newest answer.</summary>
internal sealed class LossyNode(NodeIdentity identity)
{
    private readonly Dictionary<(int Epoch, long Step), Input> persisted = [];
    private int epoch = -1;
    private long begun, applied, evaluated;
    private Input? answer;

    public IEnumerable<Input> On(IControlMessage order)
    {
        switch (order)
        {
            case PrepareEpoch m when m.Epoch > epoch:
                (epoch, begun, applied, evaluated) = (m.Epoch, m.RestoreStep - 1, m.RestoreStep - 1, -1);
                return Say(new Input.Prepared(new EpochPrepared(epoch, identity.Incarnation, null, 1, 1, [])));
            case StartSteps m when m.Epoch == epoch && m.Step > begun:
                return Report(m.Step);
            case StepDecision m when m.Epoch == epoch && m.Step == begun && m.Step > applied:
                applied = m.Step;
                if (m.Checkpoint is not null)
                {
                    persisted[(epoch, applied + 1)] = new Input.Persisted(new SnapshotPersisted(epoch, applied + 1, identity.Incarnation, "{}", 10, 1, 0, null));
                }

                IEnumerable<Input> next = m.After == AfterStep.Continue
                    ? Report(applied + 1)
                    : Say(new Input.Applied(new StepApplied(epoch, applied, identity.Incarnation)));
                return m.Checkpoint is not null ? next.Append(persisted[(epoch, applied + 1)]) : next;
            case EvaluateState m when m.Epoch == epoch && m.Step > evaluated:
                evaluated = m.Step;
                return Say(new Input.Evaluated(new EvaluationReport(epoch, m.Step, identity.Incarnation, [Rank])));
            case AskPersisted m:
                return persisted.TryGetValue((m.Epoch, m.Step), out Input? part) ? [part] : [];
            case StartSteps or StepDecision or EvaluateState or PrepareEpoch:
                return answer is null ? [] : [answer];
            default:
                return [];
        }
    }

    private static RankReport Rank => new(0, 30, 10, 1, 1);

    private IEnumerable<Input> Report(long step)
    {
        begun = step;
        return Say(new Input.Reported(new StepReport(epoch, step, identity.Incarnation, [Rank], [new UnitReport(0, 1)], 0)));
    }

    private IEnumerable<Input> Say(Input input)
    {
        answer = input;
        return [input];
    }
}
