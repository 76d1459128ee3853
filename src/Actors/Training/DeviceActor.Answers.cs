using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Training;

/// <summary>The device's answers to the coordinator: <see cref="OrderDeduplication"/> says which are repeated.</summary>
internal sealed partial class DeviceActor
{
    private readonly OrderDeduplication orders = new();

    private void Answer(IControlMessage answer)
    {
        orders.Answered(answer);
        node.TellCoordinator(answer);
    }

    private void AnswerAgain(int epoch)
    {
        if (orders.Again(epoch) is { } answer)
        {
            node.TellCoordinator(answer);
        }
    }
}
