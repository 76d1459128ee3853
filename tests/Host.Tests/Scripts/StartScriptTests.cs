using System.Diagnostics;

using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Scripts;

/// <summary>The shell scripts run where little is set, as under a service manager or `env -i`.</summary>
public sealed class StartScriptTests
{
    [Theory]
    [InlineData("eng/postgres.sh", "usage: ")]
    [InlineData("eng/s3rver.sh", "usage: ")]
    [InlineData("eng/docker.sh", "usage: ")]
    [InlineData("eng/container-image.sh", "usage: ")]
    [InlineData("eng/simulate.sh", "expected --seed", "--nonsense")]
    [InlineData("test.sh", "unknown option --nonsense", "--nonsense")]
    public async Task A_script_gets_as_far_as_its_arguments_without_a_home(string script, string says, params string[] arguments)
    {
        (_, string error) = await RunAsync([Path.Combine(ProjectFolder.Find(), script), .. arguments]);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("unbound variable", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_home_the_one_of_the_password_file_is_taken_and_dotnet_is_found()
    {
        (string output, string error) = await RunAsync(["-c", $"set -euo pipefail; here='{ProjectFolder.Find()}'; . \"$here/eng/common.sh\"; need_dotnet; echo \"$HOME $DOTNET\""]);
        Assert.Equal("", error);
        Assert.StartsWith("/", output, StringComparison.Ordinal);
        Assert.EndsWith("dotnet\n", output, StringComparison.Ordinal);
    }

    private static async Task<(string Output, string Error)> RunAsync(string[] arguments)
    {
        var info = new ProcessStartInfo("bash", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        string path = Environment.GetEnvironmentVariable("PATH")!;
        info.Environment.Clear();
        info.Environment["PATH"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? $"{path}:{root}" : path;
        using Process script = Process.Start(info)!;
        Task<string> error = script.StandardError.ReadToEndAsync();
        string output = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (output, await error);
    }
}
