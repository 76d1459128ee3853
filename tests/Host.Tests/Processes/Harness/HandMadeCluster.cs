using System.Text.Json;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>Nodes as someone starts them by hand, in several terminals.</summary>
internal sealed class HandMadeCluster(World world, params string[] flags)
{
    private readonly List<(MoeProcess Process, string Address, Uri? Http)> nodes = [];
    private readonly List<string> names = [];

    public IReadOnlyList<(MoeProcess Process, string Address, Uri? Http)> Nodes => nodes;

    /// <summary>The folder of all nodes, with the journal that outlives any of them.</summary>
    public string Data { get; } = world.File("data");

    public string Address => nodes[0].Address;

    /// <summary>Starts one more node, which joins those that are there, and waits until it listens.</summary>
    public async Task AddAsync(string name, string port = "0")
    {
        string[] join = nodes.Count == 0 ? [] : ["--join", .. nodes.Where(n => NativeProcess.Signal(n.Process.Pid, 0)).Select(n => n.Address)];
        MoeProcess process = world.Start([
            "node", "--port", port, "--data-dir", Data, .. join, "--set", $"node.name={name}", .. flags]);
        string line = await process.SaysAsync("\"listening\"");
        using JsonDocument told = JsonDocument.Parse(line);
        names.Add(name);
        nodes.Add((process, AddressIn(line), told.RootElement.GetProperty("http").GetString() is { } http ? new Uri(http) : null));
    }

    /// <summary>A node's process dies, and its service manager starts it at once on the same address.</summary>
    public Task KillAndStartAgainAsync(string name)
    {
        string address = nodes[names.IndexOf(name)].Address;
        return AgainAsync(name, NativeProcess.SigKill, address[(address.LastIndexOf(':') + 1)..]);
    }

    /// <summary>A node leaves in order, and another process of its name joins.</summary>
    public Task ReplaceAsync(string name) => AgainAsync(name, NativeProcess.Interrupt, "0");

    private async Task AgainAsync(string name, int signal, string port)
    {
        int node = names.IndexOf(name);
        MoeProcess process = nodes[node].Process;
        process.Signal(signal);
        await process.EndedAsync();
        nodes.RemoveAt(node);
        names.RemoveAt(node);
        await AddAsync(name, port);
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
        StartAt(address, verb, more).EndedAsync();

    public MoeProcess StartAt(string address, string verb, params string[] more) => world.Start(["run", verb, "--cluster", address, .. flags, .. more]);
}
