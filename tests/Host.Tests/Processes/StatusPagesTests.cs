using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Where the nodes of a run serve status and metrics, and how a run is reached by its directory.</summary>
[Collection(ProcessCollection.Name)]
[Trait("Tier", "integration")]
public sealed partial class StatusPagesTests
{
    [Fact]
    public async Task Two_nodes_have_pages_of_their_own_which_output_and_run_directory_name()
    {
        await using var world = new World();
        int first = FreePair();
        MoeProcess train = world.Start(world.Train(4000, "nodes=2", $"http.port={first}"));
        Uri[] pages = [.. await Task.WhenAll(((string[])["node-1", "node-2"]).Select(async n => new Uri(Page().Match(await train.SaysAsync($"{n}: status and metrics at http://")).Value)))];
        Assert.Equal([first, first + 1], pages.Select(p => p.Port));
        Assert.Equal([$"node-1 {pages[0]}", $"node-2 {pages[1]}"], await File.ReadAllLinesAsync(Path.Combine(world.Run, "http.addresses"), TestContext.Current.CancellationToken));

        await train.PidOfNodeAsync("node-2");
        await train.SaysAsync(l => ResumeTests.StepOf(l) >= 3, "step 3 or a later one");
        using var http = new HttpClient();
        Assert.All(await Task.WhenAll(pages.Select(p => http.GetStringAsync(new Uri(p, "/metrics"), TestContext.Current.CancellationToken))), m => Assert.Contains("moe_step ", m, StringComparison.Ordinal));

        Ended taken = await world.RunAsync(world.Train(4, "nodes=2", $"http.port={first}", $"run-dir={world.File("second")}"));
        Assert.Equal(ExitCodes.Resources, taken.Code);
        Assert.Contains($"http.port = {first}: node-1 cannot listen on 127.0.0.1 port {first}", taken.Error, StringComparison.Ordinal);

        Ended stopped = await world.RunAsync("run", "stop", "--run-dir", world.Run);
        Assert.True(stopped.Code == ExitCodes.Ok, stopped.Error);
        Ended ended = await train.EndedAsync();
        Assert.Equal(ExitCodes.Ok, ended.Code);
        Assert.Contains($"go on with it: moe resume {world.Run}", ended.Output, StringComparison.Ordinal);
        world.NothingIsLeft();
    }

    /// <summary>The first of two ports that follow each other and nobody has.</summary>
    private static int FreePair()
    {
        while (true)
        {
            using var one = new TcpListener(IPAddress.Loopback, 0);
            one.Start();
            int port = ((IPEndPoint)one.LocalEndpoint).Port;
            using var two = new TcpListener(IPAddress.Loopback, Math.Min(port + 1, IPEndPoint.MaxPort));
            try
            {
                two.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: another pair.
            }
        }
    }

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex Page();
}
