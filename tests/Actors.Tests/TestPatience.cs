using Akka.Configuration;

namespace MoeActors.Actors.Tests;

/// <summary>How long a test of actors waits for a message that is certain to come: Akka's own three seconds are not enough for a machine that is busy with other things.</summary>
internal static class TestPatience
{
    /// <summary>Settings of a test kit.</summary>
    public static Config Settings { get; } = ConfigurationFactory.ParseString("akka.test { single-expect-default = 60s, default-timeout = 60s }");
}
