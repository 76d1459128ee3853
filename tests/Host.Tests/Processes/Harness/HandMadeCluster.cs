using System.Text.Json;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>Nodes as someone starts them by hand, in several terminals.</summary>
internal sealed class HandMadeCluster(World world, params string[] settings)
{
    private readonly List<(MoeProcess Process, string Address, Uri? Http)> nodes = [];

    public IReadOnlyList<(MoeProcess Process, string Address, Uri? Http)> Nodes => nodes;

    public string Address => nodes[0].Address;

    /// <summary>Starts one more node, which joins those that are there, and waits until it listens.</summary>
    public async Task AddAsync(string name)
    {
        string[] join = nodes.Count == 0 ? [] : ["--join", .. nodes.Where(n => NativeProcess.Signal(n.Process.Pid, 0)).Select(n => n.Address)];
        MoeProcess process = world.Start([
            "node", "--port", "0", "--data-dir", world.File(name), .. join, "--set", $"node.name={name}", .. settings.SelectMany(s => (string[])["--set", s])]);
        string line = await process.SaysAsync("\"listening\"");
        using JsonDocument told = JsonDocument.Parse(line);
        nodes.Add((process, AddressIn(line), told.RootElement.GetProperty("http").GetString() is { } http ? new Uri(http) : null));
    }

    /// <summary>The address in a node's announcement.</summary>
    public static string AddressIn(string line)
    {
        using JsonDocument told = JsonDocument.Parse(line);
        return told.RootElement.GetProperty("address").GetString()!;
    }

    /// <summary>A command for this cluster.</summary>
    public Task<Ended> RunAsync(string verb, params string[] more) => RunAtAsync(Address, verb, more);

    public Task<Ended> RunAtAsync(string address, string verb, params string[] more) =>
        world.RunAsync(["run", verb, "--cluster", address, .. settings.SelectMany(s => (string[])["--set", s]), .. more]);
}
