using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Training;

/// <summary>
/// PURE: control messages travel at most once, so the coordinator says an order again when no answer comes. A device carries out each order of an epoch once, and repeats
/// its newest answer when the order was known already. Not thread-safe.
/// </summary>
internal sealed class OrderDeduplication
{
    private IControlMessage? lastAnswer;
    private int newestEpoch = -1;
    private long begunStep = -1, evaluatedStep = -1;

    /// <summary>Whether an epoch is new; older ones, and the same again, are not.</summary>
    public bool IsNew(int epoch) => epoch > newestEpoch;

    /// <summary>Whether it is the newest epoch that was ordered.</summary>
    public bool IsNewest(int epoch) => epoch == newestEpoch;

    /// <summary>A new epoch begins: what was answered before is of no use.</summary>
    public void Begin(int epoch) => (newestEpoch, lastAnswer, begunStep, evaluatedStep) = (epoch, null, -1, -1);

    /// <summary>Whether the order to begin <paramref name="step"/> is new.</summary>
    public bool IsNewStep(long step) => step > begunStep;

    /// <summary>The step is begun.</summary>
    public void BeginStep(long step) => begunStep = step;

    /// <summary>Whether the order to evaluate the state after <paramref name="step"/> steps is new; from then on it is not.</summary>
    public bool TakeEvaluation(long step)
    {
        bool isNew = step > evaluatedStep;
        evaluatedStep = Math.Max(step, evaluatedStep);
        return isNew;
    }

    /// <summary>An answer is given. After a failure nothing else of its epoch is worth repeating: it cannot go on.</summary>
    public void Answered(IControlMessage answer) => lastAnswer = lastAnswer is NodeFault ? lastAnswer : answer;

    /// <summary>What to say to an order of <paramref name="epoch"/> that came again; null when nothing was answered yet.</summary>
    public IControlMessage? Again(int epoch) => epoch == newestEpoch ? lastAnswer : null;
}
