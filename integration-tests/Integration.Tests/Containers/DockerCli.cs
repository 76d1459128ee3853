using System.Diagnostics;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>What is done to containers from outside, as an operator would: Testcontainers has no words for it.</summary>
internal static class DockerCli
{
    /// <summary>Runs one command of docker to its end and returns what it printed; fails the test with its last words.</summary>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process docker = Process.Start(info)!;
        Task<string> error = docker.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await docker.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await docker.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(docker.ExitCode == 0, $"docker {string.Join(' ', arguments)}: {await error}");
        return output.TrimEnd();
    }

    /// <summary>Both streams of a container's output.</summary>
    public static async Task<string> LogsAsync(string container) => await RunShellAsync($"docker logs --tail 20 {container} 2>&1");

    private static async Task<string> RunShellAsync(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await shell.WaitForExitAsync(CancellationToken.None);
        return output;
    }
}
