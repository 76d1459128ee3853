using System.Diagnostics;
using System.Globalization;

using DotNet.Testcontainers.Containers;

using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>One node of a cluster in its container, and what can be done to it.</summary>
internal sealed record ContainerNode(string Name, string Address, string Network, IContainer Container)
{
    /// <summary>The product in the image.</summary>
    public const string Program = "/opt/moe/MoeActors.Host.dll";

    /// <summary>SIGKILL to its process.</summary>
    public Task KillAsync() => DockerCli.RunAsync("kill", Container.Name.TrimStart('/'));

    /// <summary>
    /// Its process stands still. Not by <c>docker pause</c>: the container runtime gives up freezing a group of processes
    /// after a few hundred tries where one of them waits for a disk, and says that the caller may try again.
    /// </summary>
    public Task PauseAsync() => DockerCli.RunAsync("kill", "--signal", "STOP", Container.Name.TrimStart('/'));

    /// <summary>It goes on.</summary>
    public Task UnpauseAsync() => DockerCli.RunAsync("kill", "--signal", "CONT", Container.Name.TrimStart('/'));

    /// <summary>Its cable is pulled.</summary>
    public Task DisconnectAsync() => DockerCli.RunAsync("network", "disconnect", Network, Container.Name.TrimStart('/'));

    /// <summary>And put back, with the same address.</summary>
    public Task ReconnectAsync() => DockerCli.RunAsync("network", "connect", "--ip", Address, Network, Container.Name.TrimStart('/'));

    /// <summary>Starts its ended process anew.</summary>
    public Task StartAgainAsync() => DockerCli.RunAsync("start", Container.Name.TrimStart('/'));

    /// <summary>SIGTERM, its orderly end, and a new process.</summary>
    public Task RestartAsync() => DockerCli.RunAsync("restart", "-t", "60", Container.Name.TrimStart('/'));

    /// <summary>A shell command in its container, as root.</summary>
    public Task<string> ShellAsync(string command) => DockerCli.RunAsync("exec", "--user", "0", Container.Name.TrimStart('/'), "sh", "-c", command);

    /// <summary>Fills the memory file system at /full, by one small process, until the kernel kills the container's largest.</summary>
    public async Task FillMemoryAsync()
    {
        // Its own end, with the container or on a full file system, says nothing.
        using Process fill = Process.Start(new ProcessStartInfo(
            "docker", ["exec", "--user", "0", Container.Name.TrimStart('/'), "sh", "-c", "cat /dev/zero > /full/filler"])
        { RedirectStandardError = true })!;
        await fill.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await fill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A field of what the engine knows of it.</summary>
    public Task<string> InspectAsync(string format) => DockerCli.RunAsync("inspect", "--format", format, Container.Name.TrimStart('/'));

    /// <summary>Both streams of its newest output.</summary>
    public Task<string> LogsAsync() => DockerCli.LogsAsync(Container.Name.TrimStart('/'));

    /// <summary>Waits for the end of its process: the exit code.</summary>
    public async Task<int> EndedAsync()
    {
        string code = await DockerCli.RunAsync("wait", Container.Name.TrimStart('/')).WaitAsync(MoeProcess.Patience, TestContext.Current.CancellationToken);
        return int.Parse(code, CultureInfo.InvariantCulture);
    }

    /// <summary>Neither sends to <paramref name="others"/> nor hears from them: what it answers finds no way.</summary>
    public Task CutOffAsync(IEnumerable<ContainerNode> others) =>
        ShellAsync(string.Join(" && ", others.Select(o => $"ip route add blackhole {o.Address}/32")));
}
