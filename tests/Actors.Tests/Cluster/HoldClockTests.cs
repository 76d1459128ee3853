using MoeActors.Actors.Cluster.Coordinator;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class HoldClockTests
{
    [Fact]
    public void Only_the_time_in_which_training_is_held_counts_and_each_hold_once()
    {
        var time = new Hand();
        var clock = new HoldClock(time);
        clock.Set(false);
        time.Pass(5);
        clock.Set(true);
        time.Pass(20);
        clock.Set(true);
        time.Pass(10);
        clock.Set(false);
        time.Pass(100);
        Assert.Equal(30, clock.Take());
        Assert.Equal(0, clock.Take());
        clock.Set(true);
        time.Pass(7);
        Assert.Equal(0, clock.Take());
        clock.Set(false);
        Assert.Equal(7, clock.Take());
    }

    private sealed class Hand : TimeProvider
    {
        private long ms;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => ms;

        public void Pass(long by) => ms += by;
    }
}
