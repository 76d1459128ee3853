using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit.Xunit;

using MoeActors.Actors.Cluster.Journal;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class JournalWarmUpTests : TestKit
{
    public JournalWarmUpTests()
        : base(ConfigurationFactory.ParseString("""
            akka {
              loglevel = OFF
              persistence.journal.plugin = "akka.persistence.journal.inmem"
            }
            """).WithFallback(TestPatience.Settings))
    {
    }

    [Fact]
    public void It_ends_once_it_has_read_the_journal()
    {
        Watch(Sys.ActorOf(Props.Create(() => new JournalWarmUp())));
        ExpectMsg<Terminated>(cancellationToken: TestContext.Current.CancellationToken);
    }
}
