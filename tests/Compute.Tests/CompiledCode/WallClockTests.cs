using System.Reflection;

namespace MoeActors.Tests.CompiledCode;

/// <summary>
/// A jump of the wall clock changes no decision: the product waits by the monotonic clock, and asks what time of day it is in one place of a node, which an injected fault can make jump.
/// </summary>
public sealed class WallClockTests
{
    private static readonly string[] WallClock = ["System.DateTime::get_UtcNow(", "System.DateTime::get_Now(", "System.DateTimeOffset::get_UtcNow(", "System.DateTimeOffset::get_Now("];

    /// <summary>Programs that look at the product from outside, by an outside clock.</summary>
    private static readonly string[] NoProduct = ["Tests", "Bench"];

    /// <summary>The name of a new run's folder, for people.</summary>
    private const string Allowed = "MoeActors.Host.Runs.RunFolders::";

    [Fact]
    public void Nothing_in_the_product_reads_the_wall_clock_but_through_a_time_provider()
    {
        string[] product = [.. Directory.GetFiles(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!, "MoeActors.*.dll").Where(f => !NoProduct.Any(n => Path.GetFileName(f).Contains(n, StringComparison.Ordinal)))];
        Assert.NotEmpty(product);
        string[] found = [.. from file in product
                             from method in CallGraph.Read(file)
                             from call in method.Value
                             where WallClock.Any(w => call.StartsWith(w, StringComparison.Ordinal)) && !method.Key.StartsWith(Allowed, StringComparison.Ordinal)
                             select $"{method.Key} calls {call}: measure what is waited for with Stopwatch; what is written down takes a TimeProvider, in a node its NodeClock"];
        Assert.True(found.Length == 0, string.Join(Environment.NewLine, found));
    }

    [Fact]
    public void The_search_finds_what_it_is_for() =>
        Assert.Contains(CallGraph.Read(Assembly.GetExecutingAssembly().Location), m => m.Key.Contains(nameof(Sinner), StringComparison.Ordinal) && m.Value.Any(c => c.StartsWith(WallClock[0], StringComparison.Ordinal)));

    private static DateTime Sinner() => DateTime.UtcNow;
}
