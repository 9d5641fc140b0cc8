using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Receipts;

namespace Verathos.Enclave.Sessions;

/// <summary>How tokens are drawn, as acceptance and receipt state it.</summary>
internal static class StatedSampling
{
    /// <summary>The statement of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="asked">The most tokens that it asks for.</param>
    public static SamplingClaims Of(ApiRequest request, int asked) =>
        new(request.TemperatureMicro, request.TopPMicro, (uint)request.TopK, request.Seed, (uint)asked)
        {
            FrequencyPenaltyMicro = request.FrequencyPenaltyMicro,
            PresencePenaltyMicro = request.PresencePenaltyMicro,
            RepetitionPenaltyMicro = request.RepetitionPenaltyMicro,
            ResponseFormat = request.ResponseFormat?.Digest,
        };
}
