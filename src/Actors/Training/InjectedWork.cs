using Akka.Actor;

namespace MoeActors.Actors.Training;

/// <summary>
/// In-process order of an injected fault to a rank or expert shard: a piece of work in its handler, on the compute lane, with the unit it works on (AD-1). Never leaves the process.
/// </summary>
/// <param name="Do">
/// Does it; told the actor's unit (null before it has one) and whether the unit's gradient of the step is still growing. False: not yet, ask again after the next message.
/// </param>
internal sealed record InjectedWork(Func<UnitState?, bool, bool> Do)
{
    /// <summary>Runs it in the handler of <paramref name="self"/>.</summary>
    public void Run(UnitState? unit, bool open, IActorRef self)
    {
        if (!Do(unit, open))
        {
            self.Tell(this);
        }
    }
}
