using Akka.Actor;

using MoeActors.Actors.State;

namespace MoeActors.Actors.Training;

/// <summary>
/// In-process order of an injected fault to a rank or expert shard: a piece of work in its handler, on the compute thread, with the unit it works on (AD-1). Never leaves the process.
/// </summary>
/// <param name="Do">
/// Does it; told the actor's unit (null before it has one) and the epoch in which the unit's gradient of the step is still growing (null: it is not).
/// False: not yet, ask again after the next message.
/// </param>
internal sealed record InjectedWork(Func<UnitState?, int?, bool> Do)
{
    /// <summary>Runs it in the handler of <paramref name="self"/>.</summary>
    public void Run(UnitState? unit, int? epoch, IActorRef self)
    {
        if (!Do(unit, epoch))
        {
            self.Tell(this);
        }
    }
}
