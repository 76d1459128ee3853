namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A clock by which more time passes when it is told so: no machine is busy enough to hide that.</summary>
internal sealed class MovedClock : TimeProvider
{
    private long lost;

    public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref lost);

    public void Lose(TimeSpan time) => Interlocked.Add(ref lost, (long)(time.TotalSeconds * TimestampFrequency));
}
