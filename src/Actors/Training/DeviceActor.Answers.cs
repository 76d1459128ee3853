using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Training;

/// <summary>
/// Control messages travel at most once: the coordinator says an order again when no answer comes. The device carries out each order of an
/// epoch once, and repeats its newest answer when the order was known already.
/// </summary>
internal sealed partial class DeviceActor
{
    private IControlMessage? lastAnswer;
    private int newestEpoch = -1;
    private long begunStep = -1, evaluatedStep = -1;

    private void ForgetAnswers(int epoch)
    {
        newestEpoch = epoch;
        lastAnswer = null;
        (begunStep, evaluatedStep) = (-1, -1);
    }

    private void Answer(IControlMessage answer)
    {
        // After a failure nothing else of this epoch is worth repeating: it cannot go on.
        lastAnswer = lastAnswer is NodeFault ? lastAnswer : answer;
        node.TellCoordinator(answer);
    }

    private void AnswerAgain(int epoch)
    {
        if (lastAnswer is not null && epoch == newestEpoch)
        {
            node.TellCoordinator(lastAnswer);
        }
    }
}
